"""What others reach over HTTP: the server of a workspace and its API. It parses, calls one use case and renders."""
