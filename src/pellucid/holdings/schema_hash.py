"""A fingerprint of how a dataset's rows are stored, to tell whether new rows can stand beside old ones."""

from __future__ import annotations

import json
from hashlib import sha256

from pellucid.policy.model import Dataset


def schema_hash(dataset: Dataset) -> str:
    """Return SHA-256 (hex) over the columns with their types and over the subject paths, in order.

    Titles, masks, retention and the like may change without the stored rows changing.
    """
    stored = {
        "columns": [[name, column.type.value, column.scale] for name, column in dataset.columns.items()],
        "subjects": [
            [path.namespace, path.column, [[hop.column, hop.dataset, hop.key] for hop in path.via]]
            for path in dataset.subjects
        ],
    }
    return sha256(json.dumps(stored, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
