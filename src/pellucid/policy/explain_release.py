"""How answers leave under a purpose, and what limits them, in plain sentences: part of `policy.explain`. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from pellucid.policy.decide import permitted_columns
from pellucid.policy.model import Allowance, Bound, Policy, Purpose, ReleaseRule
from pellucid.policy.phrases import listed, ticked


def leaves(policy: Policy, purpose: Purpose) -> Iterator[str]:
    """Yield a paragraph for each thing that limits what leaves under a purpose."""
    rule = purpose.release
    yield (
        "Only counts, sums and averages over groups leave, never a row. Each is blurred with random noise, so that an "
        "answer hardly depends on whether any one person's data were in it (differential privacy)."
    )
    allowance = rule.allowance
    yield (
        f"A question spends a privacy loss of ε {rule.epsilon_default:g} unless it asks for another, at most "
        f"ε {rule.epsilon_max:g}. This purpose may spend ε {allowance.epsilon:g} (δ {allowance.delta:g}) a calendar "
        f"{allowance.period}; then it waits for the next one. {_caps(policy, purpose)}".strip()
    )
    yield from _narrower(policy, purpose)
    yield (
        f"So that noise can hide anybody, one person is counted in at most {_groups(rule.max_groups)}. {_bounds(rule)} "
        "What goes beyond is cut off before it is added up."
    )
    summable = f"Only {ticked(rule.columns)} can be summed. " if rule.columns else "Nothing can be summed. "
    yield (
        f"{summable}An answer has at most {rule.max_cells:,} cells, and groups that are not publicly known appear only "
        "if enough people are in them."
    )
    if rule.minimum_group:
        yield (
            f"Figures of groups with fewer than {rule.minimum_group:,} people, by a blurred count of these, are not "
            "shown: a group of about that size may be shown or not."
        )
    if rule.max_age_hours:
        yield (
            f"For {rule.max_age_hours:,} hours an answer may be shown again to the very same question, marked with its "
            "date: then it may still count people who withdrew in between."
        )
    yield from _leaves_exactly(policy, purpose)


def _leaves_exactly(policy: Policy, purpose: Purpose) -> Iterator[str]:
    rule = purpose.suppressed
    if rule is None:
        return
    yield (
        "Exact figures leave too, for insights that one person proposed and another approved. Each figure has at least "
        f"{rule.minimum} people who contribute to it, and nobody brings more than {float(rule.largest_share):.0%} of "
        "it; other figures are withheld, and further ones from which those could be worked out. Figures in which fewer "
        f"than {rule.minimum} people's data changed since an earlier answer are withheld as well."
    )
    closed = [dataset.name for dataset in policy.datasets.values() if dataset.private_only]
    if closed:
        yield f"No exact figure is made from {ticked(closed)}."
    if rule.conditional:
        yield (
            "Because of these figures, what is promised of the blurred answers about the same people holds only on "
            "condition that nobody combines the two."
        )


def _caps(policy: Policy, purpose: Purpose) -> str:
    touched = {
        path.namespace
        for dataset in policy.datasets.values()
        if permitted_columns(policy, purpose.name, dataset.name)
        for path in dataset.subjects
    }
    units = [unit for unit in policy.namespaces.values() if unit.name in touched]
    return " ".join(
        f"All purposes together may spend at most ε {unit.cap.epsilon:g} (δ {unit.cap.delta:g}) a calendar "
        f"{unit.cap.period} on each {unit.title.lower()}."
        for unit in units
    )


def _narrower(policy: Policy, purpose: Purpose) -> Iterator[str]:
    """Yield what binds beside the purpose's own allowance: that of each analyst, and those of datasets."""
    own = purpose.release.analyst_allowance
    found = [f"Each person who asks may spend at most {_spent(own)} of it."] if own is not None else []
    found += [
        f"All purposes together may spend at most {_spent(dataset.allowance)} on `{dataset.name}`."
        for dataset in policy.datasets.values()
        if dataset.allowance is not None and permitted_columns(policy, purpose.name, dataset.name)
    ]
    found += [
        f"{person.title} may spend at most {_spent(person.allowance)}, over all purposes."
        for person in policy.people.values()
        if person.allowance is not None and set(person.roles) & set(purpose.roles)
    ]
    if found:
        yield " ".join(found)


def _spent(allowance: Allowance) -> str:
    return f"ε {allowance.epsilon:g} (δ {allowance.delta:g}) a calendar {allowance.period}"


def _bounds(rule: ReleaseRule) -> str:
    """Return how much one person may add, gathered by the two ways of bounding."""
    named = [("rows", rule.rows), *((f"of `{column}`", bound) for column, bound in rule.columns.items())]
    grouped = [_per_group(what, bound) for what, bound in named if bound.per_group is not None]
    normed = [
        f"{bound.norm} {what}{' (less where a private quantile says so)' if bound.drawn else ''}"
        for what, bound in named
        if bound.per_group is None
    ]
    sentences = []
    if grouped:
        sentences.append(f"In each group one person adds at most {listed(grouped)}.")
    if normed:
        measure = "measured as the root of the sum of squares"
        sentences.append(f"Over all groups together, {measure}, one person adds at most {listed(normed)}.")
    rank = rule.rank
    if rank is not None:
        told = [
            (rank.rows, f"{rank.rows} rows a month"),
            (rank.each, f"{rank.each} rows a month and group"),
        ]
        ways = [words for count, words in told if count]
        if ways:
            sentences.append(f"Where less noise is needed so, {listed(ways)} of one person count, drawn at random.")
    ranges = [(column, bound.values) for column, bound in rule.columns.items() if bound.values is not None]
    valued = [f"`{column}` ({least} to {most})" for column, (least, most) in ranges]
    if valued:
        sentences.append(f"Spreads, medians and quantiles may be asked of {listed(valued)}.")
    return " ".join(sentences)


def _per_group(what: str, bound: Bound) -> str:
    below = "" if float(bound.lower) == 0 else f" (and no less than {bound.lower})"
    return f"{bound.per_group} {what}{below}"


def _groups(count: int) -> str:
    return "1 group" if count == 1 else f"{count:,} groups"
