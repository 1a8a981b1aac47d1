"""What `PELLUCID_PRODUCTION` demands before anything is served: https, and secrets that nobody guesses."""

from __future__ import annotations

from pydantic import SecretStr

from pellucid.errors import WorkspaceUnusable
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
        *(["PELLUCID_SMTP_TLS is `none`"] if settings.smtp_host and settings.smtp_tls == "none" else []),
    ]
    if findings:
        raise WorkspaceUnusable(
            f"This is not fit for production: {'; '.join(findings)}.",
            remedy="Mend each, or serve without PELLUCID_PRODUCTION on this machine only.",
            code="production-unfit",
        )


def _is_handed_over_openly(settings: Settings) -> bool:
    return bool(settings.handover_key) and not settings.handover_origin.startswith("https://")


def _weak(name: str, secret: SecretStr) -> list[str]:
    text = secret.get_secret_value()
    weak = text and (len(text) < SHORTEST or len(set(text)) < DISTINCT)
    return [f"{name} is guessable: it needs {SHORTEST} random characters"] if weak else []
