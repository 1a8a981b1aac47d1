"""Who may be used for what: the append-only register and the effective permissions."""
