"""Draft the Alembic script that brings the latest schema to the tables as they are now declared.

    python -m tests.records.draft_migration --initial   # before the first release: draws 0001 anew
    python -m tests.records.draft_migration 0002 "Say what changed"

Read what it writes before committing it, and add the revision to `records.schema.REVISIONS`.
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from alembic.autogenerate import produce_migrations, render_python_code
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

from pellucid.records.schema import REVISIONS, VERSION_TABLE
from pellucid.records.tables import metadata
from pellucid.records.upgrade import SCRIPTS, run_steps

SCRIPT = '''"""{message}."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "{revision}"
down_revision = {down}
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables to schema {revision}."""
    {body}
'''


def draft(revision: str, message: str, *, initial: bool) -> Path:
    with TemporaryDirectory() as folder:
        engine = create_engine(f"sqlite:///{folder}/draft.sqlite")
        with engine.begin() as connection:
            if not initial:
                run_steps(connection)
            context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
            operations = produce_migrations(context, metadata).upgrade_ops
            assert operations is not None
            body = render_python_code(operations)
        engine.dispose()
    down = "None" if initial else f'"{REVISIONS[-1]}"'
    path = SCRIPTS / "versions" / f"schema_{revision}.py"
    lines = [line for line in body.splitlines() if not line.strip().startswith("# ###")]
    script = SCRIPT.format(message=message, revision=revision, down=down, body="\n".join(lines).strip())
    path.write_text(script, encoding="utf-8")
    return path


if __name__ == "__main__":
    if sys.argv[1:] == ["--initial"]:
        print(draft("0001", "The schema of the first release", initial=True))
    else:
        print(draft(sys.argv[1], sys.argv[2], initial=False))
