"""The control database: connection, tables, exact column types, migrations."""
