"""Attacks on what left this very workspace: replayed inside, so that only what they gained comes out."""
