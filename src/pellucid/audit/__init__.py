"""One tamper-evident log for everything, and its offline verification."""
