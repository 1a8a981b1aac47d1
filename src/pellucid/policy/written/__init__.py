"""The shape of a policy's files, one file a noun. Others import `policy.documents`."""
