"""Another machine's server is believed in nothing; a refusal says what was expected, what came and what to do."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from cli.remote import Remote, Unreachable
from tests.support.command import Home
from tests.support.served import free_port


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Somebody who reads English, on a machine with authorities of its own choice, which --ca replaces, and with a
    password for the server's host, which is no token."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("LC_ALL", "en_GB.UTF-8")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/etc/ssl/certs/ca-certificates.crt")


@pytest.fixture
def server(home: Home, https: str) -> Remote:
    (home.folder / "note").write_bytes(b"n" * 100_000)
    (home.folder / "long").write_bytes(b"n" * 100_001)
    (home.folder / "mirror").mkdir()
    (home.folder / "mirror" / "entries.jsonl").write_bytes(b"e" * 3_000_000)
    return Remote(https, home.folder / "token.txt", home.folder / "ca.pem")


def test_a_note_is_read_and_a_long_file_fetched(server: Remote, tmp_path: Path) -> None:
    assert server.read("note") == b"n" * 100_000
    told: list[int] = []
    server.fetch("mirror/entries.jsonl", tmp_path / "entries", lambda done, of: told.append(done))
    assert (tmp_path / "entries").read_bytes() == b"e" * told[-1] == b"e" * 3_000_000


@pytest.mark.parametrize(
    ("path", "expected", "got", "advice"),
    [
        ("long", "100000 bytes at most", "more", "see to the address"),
        ("moved", "200", "302", "it names https://elsewhere.example/moved"),
        ("mirror/entries.jsonl", "200", "401", "see to --token-file; no token  [31mof ours"),
        ("nowhere", "200", "404", "no such file"),
        ("broken", "a whole answer", "4 bytes read, 4 more expected", "try again"),
    ],
)
def test_what_a_server_should_not_answer_is_refused_in_words(
    server: Remote, path: str, expected: str, got: str, advice: str
) -> None:
    with pytest.raises(Unreachable) as refused:
        server.read(path)
    words = str(refused.value)
    assert f"/{path} does not answer as it should" in words
    assert advice in words and f"expected {expected}, got" in words and got in words.rpartition("got")[2], words


@pytest.mark.parametrize("ca", [None, "other.pem", "token.txt"])
def test_a_server_that_the_named_authority_does_not_vouch_for_is_told_nothing(
    server: Remote, home: Home, https: str, ca: str | None, tmp_path: Path
) -> None:
    other = Home(tmp_path / "elsewhere")
    other.folder.mkdir()
    other.does('wasteledger init --origin other.example --operator "Other"', "wasteledger cert 127.0.0.1")
    (home.folder / "other.pem").write_bytes((other.path / "tls" / "ca.pem").read_bytes())
    stranger = Remote(https, home.folder / "token.txt", ca and home.folder / ca)  # type: ignore[arg-type]
    with pytest.raises(Unreachable, match="with --ca; expected a certificate that somebody vouches for, got"):
        stranger.fetch("mirror/entries.jsonl", tmp_path / "entries", lambda done, of: None)
    assert not (tmp_path / "entries").exists()


def test_a_server_that_is_away_is_named() -> None:
    away = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(Unreachable, match=f"{away}/note .*try again; expected a whole answer, got .*refused"):
        Remote(away, None, None).read("note")


@pytest.mark.parametrize(
    "url", ["http://ledger.example", "ftp://ledger.example", "https://", "https://[", "ledger.example"]
)
def test_an_address_that_anybody_on_the_way_could_answer_is_a_misuse(url: str) -> None:
    with pytest.raises(click.BadParameter, match="expected https"):
        Remote(url, None, None)


@pytest.mark.parametrize("text", ["", "two words", "令牌", "two\nlines"])
def test_a_file_that_holds_no_token_is_a_misuse_and_its_text_is_not_shown(text: str, tmp_path: Path) -> None:
    file = tmp_path / "token.txt"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(click.BadParameter, match=r"token\.txt: expected a token alone, got other text$"):
        Remote("https://ledger.example", file, None)
