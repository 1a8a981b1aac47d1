"""`python -m pellucid.audit PLACE --key KEY`: verify a log where nothing else of the product works or is installed.

It does what `pellucid audit verify` does; `python -m pellucid.audit receipt FILE --key KEY` verifies a receipt, of
a choice or of an erasure, in the same way, `... package FOLDER --key KEY` the files that a customer was given. All need
Python and `cryptography`, nothing more.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from pellucid.audit.erasure_receipt import is_one, verify_erasure
from pellucid.audit.keys import load_verifier_key
from pellucid.audit.package import verify_package
from pellucid.audit.read import verify_place
from pellucid.audit.receipt import read_receipt, verify_receipt
from pellucid.audit.treehead import TrustKeys
from pellucid.errors import InputInvalid, PellucidError

WRONG, TYPED = 7, 2
"""Exit codes, as those of `pellucid`: the log does not hold; what was typed."""

RECEIPT = "receipt"
"""The word that asks for a receipt to be verified; a folder of that name is written `./receipt`."""
PACKAGE = "package"
"""The word that asks for a customer's package to be verified; a folder of that name is written `./package`."""


def main() -> int:
    """Print every step of the verification; return 0 only if the log, the receipt or the package holds."""
    arguments = sys.argv[1:]
    try:
        if arguments[:1] == [RECEIPT]:
            _receipt(arguments[1:])
        elif arguments[:1] == [PACKAGE]:
            _package(arguments[1:])
        else:
            _log(arguments)
    except PellucidError as error:
        sys.stderr.write(f"error [{error.code}]: {error.message}\n{error.remedy}\n")
        return TYPED if isinstance(error, InputInvalid) else WRONG
    return 0


def _log(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m pellucid.audit",
        description="Verify a log offline, step by step.",
        epilog=f"To verify a receipt: python -m pellucid.audit {RECEIPT} FILE --key KEY; "
        f"a customer's package: python -m pellucid.audit {PACKAGE} FOLDER --key KEY",
    )
    parser.add_argument("place", type=Path, help="exported folder, or workspace")
    _add_keys(parser)
    parser.add_argument("--against", type=Path, help="an older checkpoint or export")
    chosen = parser.parse_args(arguments)
    report = verify_place(
        chosen.place,
        log_key=chosen.key,
        witness_keys=chosen.witness_key,
        against=chosen.against,
        processes=os.cpu_count() or 1,
    )
    _print(report.steps, "")
    report.demand()
    sys.stdout.write("The log holds.\n")


def _receipt(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(
        prog=f"python -m pellucid.audit {RECEIPT}",
        description="Verify a receipt, of a choice or of an erasure, offline, step by step.",
    )
    parser.add_argument("file", type=Path, help="the receipt")
    _add_keys(parser)
    chosen = parser.parse_args(arguments)
    trust = TrustKeys(load_verifier_key(chosen.key), tuple(load_verifier_key(key) for key in chosen.witness_key))
    data = _read(chosen.file)
    steps = verify_erasure(data, trust) if is_one(read_receipt(data)) else verify_receipt(data, trust).steps
    _print(steps, "The receipt holds.\n")


def _package(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(
        prog=f"python -m pellucid.audit {PACKAGE}", description="Verify a customer's package offline, step by step."
    )
    parser.add_argument("folder", type=Path, help="the unpacked package")
    parser.add_argument("--key", required=True, help="the log's public key, or its file, taken from elsewhere")
    chosen = parser.parse_args(arguments)
    _print(verify_package(chosen.folder, load_verifier_key(chosen.key)).steps, "The package holds.\n")


def _add_keys(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--key", required=True, help="the log's public key, or its file, taken from elsewhere")
    parser.add_argument(
        "--witness-key", "--witness", action="append", default=[], help="a witness's public key, or its file"
    )


def _print(steps: Sequence[object], end: str) -> None:
    for step in steps:
        sys.stdout.write(f"{step}\n")
    sys.stdout.write(end)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        raise InputInvalid(
            "The file of the receipt cannot be read.",
            remedy="Name the file that you were given.",
            code="file-unreadable",
        ) from None


if __name__ == "__main__":
    sys.exit(main())
