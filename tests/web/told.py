"""The grocer with notices in two languages, and with uses of data and refused ones."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from pellucid.errors import UseRefused
from tests.web.visitors import POLICY, Grocer

GERMAN: dict[str, dict[str, dict[str, str]]] = {
    "regimes": {"eu": {"title": "die DSGVO"}},
    "recipients": {"hosting": {"title": "unser Rechenzentrum"}, "post": {"title": "die Post"}},
    "purposes": {
        "planning": {
            "title": "Entscheiden, was unsere Läden führen",
            "description": "Wir zählen, was gekauft wird, damit es im Regal steht.",
            "notice": "Wir zählen, was in unseren Läden gekauft wird, um zu entscheiden, was sie führen.",
        },
        "offers": {
            "title": "Angebote für Sie auswählen",
            "description": "Wir wählen Angebote danach aus, was ein Haushalt gekauft hat.",
            "notice": "Wir sehen uns an, was Sie gekauft haben, und senden Ihnen passende Angebote.",
        },
        "accounts": {
            "title": "Unsere Bücher führen",
            "description": "Wir heben auf, was das Recht der Buchführung verlangt.",
            "notice": "Wir heben Rechnungen so lange auf, wie es das Recht der Buchführung sagt.",
        },
    },
    "datasets": {
        "purchases": {"title": "Einkäufe", "source": "die Kassen unserer Läden"},
        "members": {"title": "Mitglieder"},
    },
}


def translated() -> dict[str, Any]:
    """Return the grocer's policy with its texts in German too."""
    policy: dict[str, Any] = yaml.safe_load(POLICY)
    policy["controller"] |= {"language": "en", "languages": ["de"]}
    for section, parts in GERMAN.items():
        for name, texts in parts.items():
            policy[section][name]["translations"] = {"de": texts}
    policy["roles"]["officer"]["may"] += ["notice-publish", "laws-decide"]
    return policy


def publish(grocer: Grocer, policy: dict[str, Any] | None = None) -> str:
    """Activate a policy, by default the translated one, and publish its notice; return the version."""
    workspace, pia = grocer.workspace, grocer.workspace.actor("pia")
    (workspace.folder / "policy" / "policy.yaml").write_text(yaml.safe_dump(policy or translated(), sort_keys=False))
    workspace.policy.activate(actor=pia)
    return workspace.notices.publish(actor=pia).version


def publish_another(grocer: Grocer) -> str:
    """Publish a notice with one more recipient."""
    policy = translated()
    policy["recipients"]["printer"] = {
        "title": "our printer",
        "country": "US",
        "kind": "processor",
        "safeguard": "standard contractual clauses",
        "translations": {"de": {"title": "unsere Druckerei", "safeguard": "Standardvertragsklauseln"}},
    }
    policy["purposes"]["offers"]["recipients"] = ["hosting", "post", "printer"]
    return publish(grocer, policy)


COUNT = "SELECT COUNT(*) AS n FROM purchases"
SUM = "SELECT SUM(sales_value) AS spent FROM purchases"


def ask(grocer: Grocer, sql: str = COUNT) -> None:
    """Have an analyst ask a question for planning."""
    grocer.workspace.query(sql, purpose="planning", actor="ana", epsilon=0.5)


def refuse(grocer: Grocer) -> None:
    """Have somebody ask who may not."""
    with pytest.raises(UseRefused, match=r"^This question is refused"):
        grocer.workspace.query(COUNT, purpose="planning", actor="mallory", epsilon=0.5)
