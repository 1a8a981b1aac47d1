"""What the controller has declared: the model, loading, checking, deciding and explaining. Pure."""
