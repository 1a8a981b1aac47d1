"""What to know of an answer by noise, in sentences."""

from __future__ import annotations

from collections.abc import Sequence

from pellucid.policy.checks.suppressed import exact_namespaces
from pellucid.policy.model import Policy
from pellucid.release.clipping import Clipping
from pellucid.rewrite.governed import GovernedQuery


def private_notes(governed: GovernedQuery, policy: Policy, clipping: Sequence[Clipping] = ()) -> tuple[str, ...]:
    """Return what to know of an answer by noise."""
    notes = []
    if any(not block.public_cells for block in governed.blocks):
        notes.append("Groups with too few people are left out, so totals of the groups shown are not totals of all.")
    minimum = policy.purposes[governed.purpose].release.minimum_group
    if minimum and governed.blocks:
        notes.append(_about_minimum(minimum, governed))
    if any(block.keys and block.public_cells for block in governed.blocks):
        notes.append("Every public group is shown, empty ones too; rows outside the public groups are not counted.")
    bounded = bool(clipping) and all(each.is_bounded for each in clipping)
    if governed.blocks:
        rest = "" if bounded else "; the bias of clipping is not bounded"
        notes.append(f"The error covers noise only, not what was clipped{rest}.")
    touched = {block.namespace for block in governed.blocks}
    exact = [name for name, each in policy.purposes.items() if touched & exact_namespaces(policy, each)]
    if exact:
        notes.append(
            "The guarantee holds only on condition that nobody combines this with exact figures about the same people; "
            f"such figures leave for {', '.join(exact)}."
        )
    return tuple(notes)


def _about_minimum(minimum: int, governed: GovernedQuery) -> str:
    """Return what is not shown for want of people, and how one sees that."""
    told = f"Groups with fewer than {minimum:,} people, by a noisy count of these, have no figures"
    if governed.withheld_column is not None:
        return f"{told}: the column `withheld` says which."
    if any(block.public_cells for block in governed.blocks):
        return f"{told}; what is worked out of them is unknown, or lacks them."
    return f"{told} and are left out."
