"""In production nothing is served with secrets that can be guessed, or where people would not come by https."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from pellucid.errors import WorkspaceUnusable
from pellucid.settings import Settings
from pellucid.web.production import demand_production
from pellucid.web.server import server_of
from tests.web.visitors import Grocer

STRONG = SecretStr("q7Zt0Vb3Lw9Xk2Rm5Ns8Pd1Hf4Jc6GyA")


def settings(**changed: object) -> Settings:
    fit = {"production": True, "public_url": "https://shop.example", "serve_metrics_token": STRONG}
    return Settings.model_validate(fit | changed)


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"public_url": ""}, "PELLUCID_PUBLIC_URL"),
        ({"public_url": "http://shop.example"}, "PELLUCID_PUBLIC_URL"),
        ({"public_url": "https://127.0.0.1"}, "PELLUCID_PUBLIC_URL"),
        ({"serve_metrics_token": "secret"}, "PELLUCID_SERVE_METRICS_TOKEN"),
        ({"serve_metrics_token": "a" * 40}, "PELLUCID_SERVE_METRICS_TOKEN"),
        ({"handover_key": "x", "handover_origin": "http://shop.example"}, "PELLUCID_HANDOVER_ORIGIN"),
        ({"smtp_host": "mail.example", "smtp_tls": "none"}, "PELLUCID_SMTP_TLS"),
    ],
    ids=str,
)
def test_what_is_weak_is_named_and_not_told(changed: dict[str, object], what: str) -> None:
    with pytest.raises(WorkspaceUnusable, match=what) as refused:
        demand_production(settings(**changed))
    assert "aaaa" not in refused.value.diagnostics()


def test_what_is_fit_is_served_and_elsewhere_nothing_is_asked() -> None:
    demand_production(settings())
    demand_production(settings(serve_metrics_token=""))
    demand_production(Settings())


def test_a_server_in_production_does_not_begin_unfit(grocer: Grocer) -> None:
    unfit = grocer.workspace.settings.model_copy(update={"production": True})
    grocer.workspace.settings = unfit
    with pytest.raises(WorkspaceUnusable, match="not fit for production"):
        server_of(grocer.workspace, "127.0.0.1", 0)
