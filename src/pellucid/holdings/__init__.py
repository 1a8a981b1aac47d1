"""Published generations of each dataset: publish, lease, unlink."""
