"""`/api/v1/help` over real HTTP: for everybody, whom to ask, by when they are answered, whom they can complain to."""

from __future__ import annotations

from pellucid.regulations.load import shipped
from tests.web.conftest import Client, Shop


def test_anybody_is_told_whom_to_ask_by_when_and_whom_to_complain_to(client: Client, shop: Shop) -> None:
    draft, pia = shop.folder / "policy" / "policy.yaml", shop.workspace.actor("pia")
    authority = "{name: The Watch, web: https://watch.example, jurisdictions: [DE], phone: '+49 1'}"
    written = draft.read_text()
    assert written.count("officer: pia}") == 1
    draft.write_text(written.replace("officer: pia}", f"officer: pia, authorities: [{authority}]}}"))
    shop.workspace.policy.activate(actor=pia)
    shop.workspace.laws.sign_off(shipped()["eu-gdpr"], "read by counsel", actor=pia)
    told = client().get("/api/v1/help").json()

    assert (told["controller"], told["contact"], told["days"]) == ("Grocer", "privacy@grocer.example", 30)
    assert [(each["law"], each["answered"], each["authority"]["cite"]) for each in told["laws"]] == [
        ("eu-gdpr", {"amount": 1, "unit": "calendar_month", "cite": "Art. 12(3)"}, "Art. 77")
    ]
    assert told["authorities"] == [
        {
            "name": "The Watch",
            "web": "https://watch.example",
            "jurisdictions": ["DE"],
            "address": "",
            "phone": "+49 1",
        }
    ]
