"""Insight from customers' data that you could show the customer it came from."""
