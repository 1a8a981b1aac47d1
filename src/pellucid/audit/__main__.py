"""`python -m pellucid.audit PLACE --key KEY`: verify a log where nothing else of the product works or is installed.

It does what `pellucid audit verify` does, and needs Python and `cryptography`, nothing more.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from pellucid.audit.read import verify_place
from pellucid.errors import InputInvalid, PellucidError

WRONG, TYPED = 7, 2
"""Exit codes, as those of `pellucid`: the log does not hold; what was typed."""


def main() -> int:
    """Print every step of the verification; return 0 only if the log holds."""
    parser = argparse.ArgumentParser(prog="python -m pellucid.audit", description="Verify a log offline, step by step.")
    parser.add_argument("place", type=Path, help="exported folder, or workspace")
    parser.add_argument("--key", required=True, help="the log's public key, or its file, taken from elsewhere")
    parser.add_argument("--witness-key", action="append", default=[], help="a witness's public key, or its file")
    parser.add_argument("--against", type=Path, help="an older checkpoint or export")
    chosen = parser.parse_args()
    try:
        report = verify_place(
            chosen.place,
            log_key=chosen.key,
            witness_keys=chosen.witness_key,
            against=chosen.against,
            processes=os.cpu_count() or 1,
        )
        for step in report.steps:
            sys.stdout.write(f"{step}\n")
        report.demand()
    except PellucidError as error:
        sys.stderr.write(f"error [{error.code}]: {error.message}\n{error.remedy}\n")
        return TYPED if isinstance(error, InputInvalid) else WRONG
    sys.stdout.write("The log holds.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
