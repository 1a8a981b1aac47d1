"""What every engine must pass, as pytest classes to inherit from. The product never imports it; it needs pytest."""
