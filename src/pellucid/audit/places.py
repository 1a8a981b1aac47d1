"""Where in a workspace's folder the log and its key lie: named apart, so that verifying need not load the product."""

CONTROL = "control.sqlite"
"""The control database of a workspace that keeps it in its folder."""

CONTROL_URL = "control.url"
"""The file that says where the control database is, for a workspace that has it on a PostgreSQL server."""

KEYS = "keys"
LOG_KEY = "log.key"
