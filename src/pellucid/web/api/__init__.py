"""Version 1 of the API for programs. Paths and names of fields are stable; fields may be added."""
