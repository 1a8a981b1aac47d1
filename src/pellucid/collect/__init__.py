"""Data in, checked at the door."""
