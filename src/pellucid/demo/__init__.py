"""The worked example: a grocer's policy, data and story."""
