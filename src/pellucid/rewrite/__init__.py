"""SQL tree to governed SQL tree. Pure; the only importer of sqlglot."""
