"""Proposing an insight: it is governed, run once inside the gate, and attacked; its plan and which attacks held stay.

No figure of the rehearsal leaves or is kept: neither who proposes nor who approves sees one before the approval.
"""

from __future__ import annotations

from collections.abc import Iterator

from pellucid.errors import ConsentInFlux
from pellucid.insights.answer import Parts, rehearse
from pellucid.insights.approvals import Approved, Proposal, State, fingerprint_of, identity_of, store
from pellucid.insights.by_suppression import BySuppression
from pellucid.insights.query import InsightQuery
from pellucid.policy.phrases import ticked
from pellucid.release.attempts import Attempt, attempts


def propose(parts: Parts, query: InsightQuery, name: str, title: str, secret: str) -> Proposal:
    """Rehearse an insight, try attacks on its exact answer, and store it for somebody else to decide about.

    Raises UseRefused with every reason, QueryFailed, ConsentInFlux; each is logged.
    """
    version = parts.replica.policy().version
    bound = Approved(
        -1, fingerprint_of(query.sql, query.purpose, version), identity_of(query.sql, query.purpose), secret
    )
    rule = rehearse(parts, query, bound)
    tried = attempts(rule.answer, rule.block, rule.rule) if rule.answer is not None else ()
    now = parts.clock()
    proposal = Proposal(
        sequence=-1,
        name=name,
        title=title,
        purpose=query.purpose,
        sql=query.sql,
        fingerprint=bound.fingerprint,
        policy=version,
        plan=tuple(plan_words(rule)),
        attempts=tuple(each.told() for each in tried),
        proposed_by=query.actor.name,
        proposed_at=now,
        state=State.PROPOSED,
    )
    with parts.database.write() as connection:
        if rule.policy.version != version or parts.in_force(connection) != rule.policy.in_force:
            raise ConsentInFlux(
                "Another policy came into force while the insight was tried.",
                code="policy-changed",
                remedy="Ask again.",
            )
        return store(connection, proposal, query.actor, _logged(rule, tried))


def plan_words(rule: BySuppression) -> Iterator[str]:
    """Yield what an insight reads and releases, in plain words, without the literals of its SQL."""
    governed, block, limits = rule.governed, rule.block, rule.rule
    columns = ticked(governed.used) if governed.used else "rows only"
    yield f"It reads {ticked(governed.datasets)}: {columns}."
    if block.keys:
        known = "known to the public" if block.public_cells else "not known to the public"
        yield f"It groups by {ticked(key.title for key in block.keys)}, {known}."
    else:
        yield "It makes one total."
    shown = [measure.title for measure in block.measures if measure.shown]
    yield f"Its figures: {ticked(shown)}." if shown else "It has no figures, only groups."
    unseen = [measure.title for measure in block.measures if not measure.shown]
    if unseen:
        yield f"Judged too, and never shown: {ticked(unseen)}."
    if block.atoms:
        yield f"Conditions inside its figures, each combination of which needs people enough: {ticked(block.atoms)}."
    else:
        yield "No condition stands inside its figures."
    yield (
        f"A cell is shown if at least {limits.minimum} people contribute to each figure and nobody brings more than "
        f"{float(limits.largest_share):.0%} of it; further cells are withheld so that totals do not give it away."
    )
    yield (
        f"A cell in which fewer than {limits.minimum} people's data changed since an earlier release is withheld. "
        f"At most {limits.max_cells:,} cells leave."
    )
    yield "It does not protect against what this and other insights tell together."


def _logged(rule: BySuppression, tried: tuple[Attempt, ...]) -> dict[str, object]:
    return {
        "datasets": list(rule.governed.datasets),
        "columns": list(rule.governed.used),
        "shape": rule.governed.shape,
        "attempts": {each.name: "held" if each.held else "broken" for each in tried},
    }
