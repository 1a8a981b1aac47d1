"""What is checked about a policy as a whole, one file a noun. Called by `policy.validate` only."""
