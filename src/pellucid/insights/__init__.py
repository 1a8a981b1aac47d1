"""The analyst's story: from a question to a release."""
