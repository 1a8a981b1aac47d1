"""Parts of the policy are found by their titles, as long as a title is that of one."""

from __future__ import annotations

from dataclasses import replace

from pellucid.web.centre.named import Names
from tests.web.visitors import Grocer


def test_a_title_that_one_part_has_names_it_and_one_that_several_have_names_none(grocer: Grocer) -> None:
    policy = grocer.workspace.centre.policy()
    same = {name: replace(each, title="The same") for name, each in policy.purposes.items()}

    assert Names.of(policy).purposes["Choose offers for you"] == "offers"
    assert Names.of(replace(policy, purposes=same)).purposes == {}
