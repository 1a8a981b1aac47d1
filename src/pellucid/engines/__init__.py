"""Where customer data live: the Engine protocol and its implementations."""
