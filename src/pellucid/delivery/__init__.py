"""What goes out: mail and files, each with a record of what became of it."""
