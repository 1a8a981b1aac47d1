"""Settings read from the environment (prefix `PELLUCID_`). The reference page is generated from this class."""

from __future__ import annotations

from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class Settings(BaseSettings):
    """Every knob of a workspace that is not policy."""

    model_config = SettingsConfigDict(env_prefix="PELLUCID_", extra="ignore")

    workspace: Path = Field(default=Path(), description="Folder of the workspace.")
    query_seconds: float = Field(default=60.0, gt=0, le=3600, description="Time limit of one question, in seconds.")
    memory_limit: str = Field(default="4GB", description="Memory limit of the engine, as DuckDB writes it.")
    spill_limit: str = Field(default="16GB", description="Most disk space the engine may spill into the workspace.")
    threads: int = Field(default=0, ge=0, le=256, description="Engine threads; 0 means one for each processor.")
    sql_characters: int = Field(default=100_000, gt=0, le=10_000_000, description="Longest question accepted.")
    sql_depth: int = Field(default=60, gt=0, le=500, description="Deepest nesting of brackets accepted.")
    coverage_hours: float = Field(
        default=24.0, ge=24.0, description="How old a coverage band gets before it is renewed."
    )
    request_days: int = Field(
        default=30, ge=1, le=366, description="Days to answer a customer's request where no signed-off law says."
    )
    request_keep_months: int = Field(
        default=24, ge=0, le=120, description="Months to keep a closed request where no signed-off law says."
    )
    smtp_host: str = Field(default="", description="Server that mail is handed over to; empty: no mail is sent.")
    smtp_port: int = Field(default=587, gt=0, le=65535, description="Its port: 587 for `starttls`, 465 for `tls`.")
    smtp_tls: Literal["starttls", "tls", "none"] = Field(
        default="starttls", description="How the way there is encrypted; `none` only for a server on this machine."
    )
    smtp_user: str = Field(default="", description="User to log in as; empty: without a login.")
    smtp_password: SecretStr = Field(default=SecretStr(""), description="That user's password.")
    smtp_from: str = Field(default="", description="Address that mail comes from.")
    reminder_days: tuple[int, ...] = Field(
        default=(7, 1), description="How many days before a request is due its officer is reminded, as `[7, 1]`."
    )
    unverified_days: int = Field(
        default=30, ge=1, le=366, description="After how many days a request expires if nobody showed who they are."
    )
    checkpoint_minutes: int = Field(
        default=5,
        ge=0,
        le=1440,
        description="Minutes within which the worker signs the log once choices wait for receipts; 0: it does not.",
    )
    requests_per_person: int = Field(
        default=20,
        ge=1,
        description="Requests of one kind that somebody who is signed in may have open, or file within a day.",
    )
    erasure_wait_hours: int = Field(
        default=24,
        ge=0,
        le=336,
        description="For how many hours people may take back an erasure that they asked for in the privacy centre.",
    )
    challenges_per_hour: int = Field(
        default=600,
        ge=1,
        le=1_000_000,
        description="Codes and links sent an hour for requests; and to strangers who sign in.",
    )
    public_url: str = Field(default="", description="Where people reach this workspace, for links; empty: only codes.")
    messages: tuple[Literal["notice-changed", "consent-expiring", "yearly", "request-answered"], ...] = Field(
        default=(), description='Messages to people that the worker sends by itself, as `["yearly"]`; empty: none.'
    )
    message_caps: dict[str, tuple[int, int]] = Field(
        default={
            "notice-changed": (1, 30),
            "consent-expiring": (1, 30),
            "yearly": (1, 300),
            "request-answered": (4, 7),
        },
        description="By kind of message: how many one person may get, in how many days.",
    )
    messages_at_once: int = Field(
        default=500, ge=1, le=100_000, description="Messages that one run sends at most; the next goes on."
    )
    work_seconds: float = Field(
        default=300.0, gt=0, le=86_400, description="Seconds after which another worker may take a job; 240 for mail."
    )
    package_days: int = Field(
        default=14, ge=1, le=90, description="How many days a package for a customer waits to be fetched."
    )
    drp_business_id: str = Field(
        default="", description="Whom agents of the Data Rights Protocol write to; empty: the log's origin."
    )
    serve_threads: int = Field(
        default=64, ge=64, le=1024, description="Requests that `pellucid serve` works on at once; others wait."
    )
    serve_requests_at_once: int = Field(
        default=1000, ge=64, le=100_000, description="Requests that may be worked on and wait; more are told to retry."
    )
    serve_requests_per_second: float = Field(
        default=500.0, gt=0, le=1e6, description="Requests a token may make; twice as many at once."
    )
    serve_failures_per_minute: float = Field(
        default=60.0, gt=0, le=1e6, description="Requests without a valid token that an address may make."
    )
    serve_misses_per_minute: float = Field(
        default=60.0, gt=0, le=1e6, description="Questions about people who are not there that a token may ask."
    )
    serve_visits_per_minute: float = Field(
        default=120.0, gt=0, le=1e6, description="Requests for what anybody may read that an address may make."
    )
    serve_body_bytes: int = Field(default=65_536, ge=1024, le=2**20, description="Longest request body accepted.")
    serve_proxies: tuple[str, ...] = Field(
        default=(),
        description='Addresses or nets of proxies in front, whose X-Forwarded-For is believed, as `["10.0.0.2"]`.',
    )
    serve_attempts_per_minute: float = Field(
        default=30.0, gt=0, le=1e6, description="Attempts to sign in, and to show who one is, that an address may make."
    )
    serve_metrics_token: SecretStr = Field(
        default=SecretStr(""), description="Token that `/metrics` asks for; empty: it answers to this machine only."
    )
    serve_choices_per_minute: float = Field(
        default=60.0, gt=0, le=1e6, description="Choices that people who are not signed in may make from an address."
    )
    shop_origins: tuple[str, ...] = Field(
        default=(),
        description="Origins of the company's own pages under which visitors are served too, as "
        '`["https://shop.example"]`: their choices and the consent widget, and nothing that takes signing in.',
    )
    visitor_days: int = Field(
        default=180,
        ge=1,
        le=400,
        description="Days after which what a visitor chose last is forgotten.",
    )
    visitors_per_hour: int = Field(
        default=20_000, ge=1, le=10_000_000, description="New visitors whose choices are kept, over all, an hour."
    )
    handover_key: str = Field(
        default="", description="Public key (PEM) of the company's site, which hands over who is signed in there."
    )
    handover_origin: str = Field(
        default="", description="Where that site's form comes from, as `https://shop.example`; empty: nobody is taken."
    )
    handover_audience: str = Field(
        default="pellucid", description="Whom the tokens of the company's site must be made for (`aud`)."
    )
    openid_issuer: str = Field(
        default="",
        description="Issuer of customers' OpenID Connect provider, an https address; empty: none.",
    )
    openid_client_id: str = Field(default="", description="As whom that provider knows the privacy centre.")
    openid_client_secret: SecretStr = Field(default=SecretStr(""), description="What the privacy centre shows to it.")
    openid_scope: str = Field(default="openid", description="What is asked for there, as `openid email`.")
    openid_claim: str = Field(default="sub", description="The claim of its ID token that is the customer's key.")
    openid_namespace: str = Field(default="", description="Of which namespace that key is; empty: the only one.")
    openid_title: str = Field(default="", description="What people call that provider, on the button.")
    staff_openid_issuer: str = Field(default="", description="Issuer of the staff's provider, likewise; empty: none.")
    staff_openid_client_id: str = Field(default="", description="As whom that provider knows the console.")
    staff_openid_client_secret: SecretStr = Field(default=SecretStr(""), description="What the console shows to it.")
    staff_openid_scope: str = Field(default="openid", description="What is asked for there, as `openid profile`.")
    staff_openid_claim: str = Field(default="sub", description="The claim of its ID token that tells who somebody is.")
    staff_openid_people: dict[str, str] = Field(
        default={},
        description='People of the policy by what that claim says, as `{"a1b2": "pia"}`; empty: it says their names.',
    )
    staff_openid_amr: tuple[str, ...] = Field(
        default=("mfa",), description="Values of `amr`, one of which shows several factors; see `STAFF_OPENID_ACR`."
    )
    staff_openid_acr: tuple[str, ...] = Field(
        default=(),
        description="Values of `acr` that show several factors too, and are asked for; `[]` in both: none is demanded.",
    )
    staff_openid_title: str = Field(default="", description="What staff call that provider, on the button.")
    production: bool = Field(
        default=False, description="Refuse to serve with weak secrets, or where people would not reach it by https."
    )
    serve_drain_seconds: float = Field(
        default=0.0, ge=0, le=600, description="How long a stopping server answers on while `/readyz` says no."
    )
    serve_shutdown_seconds: int = Field(
        default=75, ge=1, le=3600, description="How long a stopping server waits for requests that are under way."
    )

    @property
    def only_here(self) -> bool:
        """Whether people reach this workspace on this machine only."""
        host = urlsplit(self.public_url).hostname
        return not self.production and (not host or host in LOOPBACK)
