"""In production nothing is served with secrets that can be guessed, or where people would not come by https."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from pellucid.errors import WorkspaceUnusable
from pellucid.settings import Settings
from pellucid.web.production import demand_production, demand_providers
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
        ({"openid_issuer": "https://id.example"}, "PELLUCID_OPENID_CLIENT_SECRET is missing"),
        (
            {"openid_issuer": "https://id.example", "openid_client_secret": "a" * 40},
            "OPENID_CLIENT_SECRET is guessable",
        ),
        ({"staff_openid_issuer": "https://id.example"}, "PELLUCID_STAFF_OPENID_CLIENT_SECRET is missing"),
        ({"staff_openid_issuer": "https://id.example", "staff_openid_client_secret": "secret"}, "is guessable"),
        ({"smtp_host": "mail.example", "smtp_tls": "none"}, "PELLUCID_SMTP_TLS"),
    ],
    ids=str,
)
def test_what_is_weak_is_named_and_not_told(changed: dict[str, object], what: str) -> None:
    with pytest.raises(WorkspaceUnusable, match=what) as refused:
        demand_production(settings(**changed))
    assert "aaaa" not in refused.value.diagnostics()


PROVIDER = {"openid_issuer": "https://id.example", "openid_client_id": "x", "public_url": "https://shop.example"}


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"openid_issuer": "http://id.example"}, "PELLUCID_OPENID_ISSUER is not an https address"),
        ({"openid_issuer": "http://127.0.0.1:8080", "production": True}, "PELLUCID_OPENID_ISSUER is not an https"),
        ({"openid_issuer": "id.example"}, "PELLUCID_OPENID_ISSUER is not an https address"),
        ({"openid_client_id": ""}, "PELLUCID_OPENID_CLIENT_ID is missing"),
        ({"public_url": ""}, "PELLUCID_PUBLIC_URL is not our https address"),
        ({"public_url": "http://shop.example"}, "PELLUCID_PUBLIC_URL is not our https address"),
        ({"staff_openid_issuer": "https://id.example"}, "PELLUCID_STAFF_OPENID_CLIENT_ID is missing"),
    ],
    ids=str,
)
def test_a_provider_that_nobody_could_sign_in_by_is_named(changed: dict[str, object], what: str) -> None:
    with pytest.raises(WorkspaceUnusable, match=what):
        demand_providers(Settings.model_validate(PROVIDER | changed))


def test_a_provider_on_this_machine_is_asked_openly_but_not_in_production() -> None:
    demand_providers(Settings.model_validate(PROVIDER))
    demand_providers(Settings.model_validate(PROVIDER | {"openid_issuer": "http://127.0.0.1:8080"}))
    demand_production(settings(**PROVIDER, openid_client_secret=STRONG))


def test_what_is_fit_is_served_and_elsewhere_nothing_is_asked() -> None:
    demand_production(settings())
    demand_production(settings(serve_metrics_token=""))
    demand_production(Settings())


def test_a_server_in_production_does_not_begin_unfit(grocer: Grocer) -> None:
    unfit = grocer.workspace.settings.model_copy(update={"production": True})
    grocer.workspace.settings = unfit
    with pytest.raises(WorkspaceUnusable, match="not fit for production"):
        server_of(grocer.workspace, "127.0.0.1", 0)
