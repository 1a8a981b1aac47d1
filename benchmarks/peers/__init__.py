"""Helpers of `private_peers.py`: the data, the environments, and a runner for each engine."""
