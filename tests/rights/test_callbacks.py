"""Where an agent's callbacks may go: https, exactly the registered host and port, and no address or trick."""

from __future__ import annotations

import pytest

from pellucid.errors import InputInvalid
from pellucid.rights.callbacks import LONGEST_URL, demand_allowed, is_allowed, place_of

HOST = "callbacks.agent.example"


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        (HOST, HOST),
        ("Callbacks.Agent.EXAMPLE", HOST),
        (f"{HOST}:443", HOST),
        (f"{HOST}:8443", f"{HOST}:8443"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
    ],
)
def test_a_host_is_kept_in_one_form(said: str, kept: str) -> None:
    assert place_of(said) == kept


@pytest.mark.parametrize(
    "said",
    [
        *("", "localhost", "127.0.0.1", "10.1", "[::1]", "::1", f"https://{HOST}", f"{HOST}/", f"{HOST}:0"),
        *(f"{HOST}:70000", f"{HOST}:", f"a@{HOST}", f"*.{HOST}", f"{HOST}.", f".{HOST}", "-a.example", "a b.example"),
        *("bücher.example", "\u212aiosk.example", f"{HOST}\n", "a_b.example", f"{'a' * 64}.example", "a." * 130 + "bb"),
    ],
)
def test_what_is_no_name_is_no_host(said: str) -> None:
    with pytest.raises(InputInvalid, match="is no name in the DNS"):
        place_of(said)


@pytest.mark.parametrize(
    ("url", "host"),
    [
        (f"https://{HOST}", HOST),
        (f"https://{HOST}/", HOST),
        (f"HTTPS://{HOST.upper()}:443/a/b?c=d&e=%20", HOST),
        (f"https://{HOST}?c", HOST),
        (f"https://{HOST}:8443/a", f"{HOST}:8443"),
    ],
)
def test_the_registered_host_is_allowed(url: str, host: str) -> None:
    assert demand_allowed(url, host) == url


@pytest.mark.parametrize(
    "url",
    [
        *(f"http://{HOST}/", f"ftp://{HOST}/", f"//{HOST}/", HOST, "https://", "https:///a"),
        *("https://other.example/", f"https://a.{HOST}/", f"https://{HOST}.evil.example/", f"https://{HOST}./"),
        *(f"https://{HOST}:8443/", f"https://{HOST}:80/", f"https://{HOST}:/", f"https://{HOST}:0443/"),
        *(f"https://{HOST}@evil.example/", f"https://me:you@{HOST}/", f"https://evil.example\\@{HOST}/"),
        *(f"https://evil.example/@{HOST}", f"https://evil.example#{HOST}", f"https://{HOST}/#a", f"https://{HOST}\\a"),
        *(f"https://{HOST}/a b", f"https://{HOST}/\r\nX: y", f"https://{HOST}/\t", f"https://{HOST}/\n", "\n"),
        *(
            f" https://{HOST}/",
            f"https://{HOST}/ü",
            f"https://{HOST}/\u212a",
            f"https://{HOST}/\u017f",
            "https://[::1]/",
        ),
        *("https://127.0.0.1/", "https://2130706433/", f"https://{HOST}/{'a' * LONGEST_URL}"),
    ],
)
def test_every_other_url_is_refused(url: str) -> None:
    with pytest.raises(InputInvalid, match="status_callback is not allowed") as refused:
        demand_allowed(url, HOST)
    assert refused.value.code == "callback-other"
    assert is_allowed(url, None) is False


@pytest.mark.parametrize("said", [5, ["https://callbacks.agent.example/"], {}, True])
def test_what_is_no_text_is_refused(said: object) -> None:
    with pytest.raises(InputInvalid, match="status_callback is not allowed"):
        demand_allowed(said, HOST)


def test_none_named_is_none_and_without_a_host_none_is_allowed() -> None:
    assert (demand_allowed(None, None), demand_allowed("", HOST)) == (None, None)
    with pytest.raises(InputInvalid, match="allowed is none, since no host is registered"):
        demand_allowed(f"https://{HOST}/", None)
