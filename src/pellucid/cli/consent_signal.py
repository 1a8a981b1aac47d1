"""`pellucid consent signal` and `answer`: what a browser says by Global Privacy Control, GPP or TCF, and its person."""

from __future__ import annotations

from typing import Annotated

import typer

from pellucid.cli.options import ActorOption, PurposeOption, WorkspaceOption, actor_name, opened
from pellucid.errors import InputInvalid


def signal(
    subject: Annotated[str, typer.Argument(help="Key of the browser, device or person.")],
    gpc: Annotated[str | None, typer.Option("--gpc", metavar="VALUE", help="Value of Sec-GPC.")] = None,
    gpp: Annotated[str | None, typer.Option("--gpp", metavar="STRING", help="A GPP string.")] = None,
    tcf: Annotated[str | None, typer.Option("--tcf", metavar="STRING", help="A TCF string.")] = None,
    new: Annotated[bool, typer.Option("--new", help="Make the identity if it was never seen.")] = False,
    namespace: Annotated[str | None, typer.Option(help="Kind of subject.", show_default="the only one")] = None,
    actor: ActorOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Honour an opt-out signal; what it closes stays closed when it is gone."""
    from pellucid.consent.gpp import read_gpp  # noqa: PLC0415  -- as little as needed
    from pellucid.consent.signals import gpc_reading  # noqa: PLC0415
    from pellucid.consent.tcf import read_tcf  # noqa: PLC0415

    readings = [
        *([gpc_reading(gpc)] if gpc is not None else []),
        *(read_gpp(gpp) if gpp is not None else ()),
        *([read_tcf(tcf)] if tcf is not None else []),
    ]
    if not readings:
        raise InputInvalid("No signal was given.", code="signal-missing", remedy="Give --gpc, --gpp or --tcf.")
    with opened(workspace) as found:
        acting = found.actor(actor_name(actor))
        for reading in readings:
            done = found.signals.apply(subject, reading, actor=acting, namespace=namespace, new=new)
            strict = " (malformed, so read strictly)" if reading.malformed else ""
            typer.echo(f"{done.source}{strict}: closes {_listed(done.closes)}; closed before {_listed(done.closed)}.")
            if done.limits:
                typer.echo(f"Sensitive data are limited for {_listed(done.limits)}.")
            if done.asks:
                typer.echo(f"Rewarded, so the person is asked first: {_listed(done.asks)}.")


def answer(
    subject: Annotated[str, typer.Argument(help="Key of the browser, device or person.")],
    purpose: PurposeOption,
    said: Annotated[str, typer.Option("--answer", metavar="ANSWER", help="leave (opt out) or stay (keep both).")],
    namespace: Annotated[str | None, typer.Option(help="Kind of subject.", show_default="the only one")] = None,
    actor: ActorOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Take the answer of a person who was asked about a signal.

    A signal against a programme that they take part in is asked about, not overridden.
    """
    with opened(workspace) as found:
        found.signals.answer(subject, purpose, said, actor=found.actor(actor_name(actor)), namespace=namespace)
    typer.echo(f"Answered for {purpose}: {said}.")


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(names) if names else "nothing"
