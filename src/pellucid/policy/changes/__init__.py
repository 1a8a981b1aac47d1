"""What differs between two policies, one file a noun. Called by `policy.compare` only."""
