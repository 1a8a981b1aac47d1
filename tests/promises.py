"""The promises, by the names that tests give them in `@pytest.mark.promise(name, attack)`.

Each is a heading of `docs/explanation/promise.md`; what was tried against it stands in `docs/explanation/evidence.md`.
"""

from __future__ import annotations

PROMISES = {
    "purpose": "No use without a declared purpose",
    "rows": "Only permitted rows",
    "withdrawal": "A withdrawal acknowledged before a release commits is honoured in it",
    "hidden": "An answer hides each person in it",
    "log": "Everything is in one log",
    "closed": "It fails closed",
    "whole": "Nothing is lost or half done",
    "erased": "Who is erased is gone, and what is left is said",
    "suppressed": "An exact figure tells of enough people",
}
"""Name and heading."""
