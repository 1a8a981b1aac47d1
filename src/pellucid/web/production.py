"""What is demanded of settings before anything is served: that providers can be asked at all; and in production, by
`PELLUCID_PRODUCTION`, https everywhere and secrets that nobody guesses.
"""

from __future__ import annotations

from pydantic import SecretStr

from pellucid.errors import WorkspaceUnusable
from pellucid.openid.ask import Asker
from pellucid.settings import Settings
from pellucid.web.origin import Place

SHORTEST = 32
DISTINCT = 10
"""Characters, and different ones, that a secret of a program needs."""


def demand_production(settings: Settings) -> None:
    """Raise WorkspaceUnusable, with every finding, if a server in production may not start with these settings."""
    if not settings.production:
        return
    findings = [
        *([] if Place.of(settings).is_https else ["PELLUCID_PUBLIC_URL is not an https address that people reach"]),
        *_weak("PELLUCID_SERVE_METRICS_TOKEN", settings.serve_metrics_token),
        *(["PELLUCID_HANDOVER_ORIGIN is not https"] if _is_handed_over_openly(settings) else []),
        *_weak_client("OPENID", settings.openid_issuer, settings.openid_client_secret),
        *_weak_client("STAFF_OPENID", settings.staff_openid_issuer, settings.staff_openid_client_secret),
        *(["PELLUCID_SMTP_TLS is `none`"] if settings.smtp_host and settings.smtp_tls == "none" else []),
    ]
    if findings:
        raise WorkspaceUnusable(
            f"This is not fit for production: {'; '.join(findings)}.",
            remedy="Mend each, or serve without PELLUCID_PRODUCTION on this machine only.",
            code="production-unfit",
        )


def demand_providers(settings: Settings) -> None:
    """Raise WorkspaceUnusable, with every finding, if a provider is set that nobody could sign in by."""
    findings = [
        *_unfit_client(settings, "OPENID", settings.openid_issuer, settings.openid_client_id),
        *_unfit_client(settings, "STAFF_OPENID", settings.staff_openid_issuer, settings.staff_openid_client_id),
    ]
    if findings:
        raise WorkspaceUnusable(
            f"Nobody could sign in by the provider that is set: {'; '.join(findings)}.",
            remedy="Mend each; see the page on signing in.",
            code="openid-unfit",
        )


def _unfit_client(settings: Settings, name: str, issuer: str, client: str) -> list[str]:
    if not issuer:
        return []
    asker = Asker(openly=not settings.production)
    return [
        *([] if asker.may_ask(issuer) else [f"PELLUCID_{name}_ISSUER is not an https address"]),
        *([] if client else [f"PELLUCID_{name}_CLIENT_ID is missing"]),
        *([] if asker.may_ask(settings.public_url) else ["PELLUCID_PUBLIC_URL is not our https address"]),
    ]


def _is_handed_over_openly(settings: Settings) -> bool:
    return bool(settings.handover_key) and not settings.handover_origin.startswith("https://")


def _weak_client(name: str, issuer: str, secret: SecretStr) -> list[str]:
    if issuer and not secret.get_secret_value():
        return [f"PELLUCID_{name}_CLIENT_SECRET is missing"]
    return _weak(f"PELLUCID_{name}_CLIENT_SECRET", secret)


def _weak(name: str, secret: SecretStr) -> list[str]:
    text = secret.get_secret_value()
    weak = text and (len(text) < SHORTEST or len(set(text)) < DISTINCT)
    return [f"{name} is guessable: it needs {SHORTEST} random characters"] if weak else []
