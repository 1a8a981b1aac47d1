"""The story of the day after: backups, the journal of what happened since, and bringing both together again."""
