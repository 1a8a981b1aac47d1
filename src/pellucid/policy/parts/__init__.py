"""What a policy consists of, as frozen values, one file a noun. Others import `policy.model`."""
