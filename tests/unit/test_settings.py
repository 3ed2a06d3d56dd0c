"""What may be set from outside: defaults, refusals that name the variable, and no secret in print."""

from __future__ import annotations

from pathlib import Path

import pytest

from ledger.bootstrap import open_provider
from ledger.settings import BadSetting, from_environment


def test_without_any_variable_everything_lies_below_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    chosen = from_environment({"PATH": "/bin"})
    assert chosen.home == tmp_path / "wasteledger"
    assert chosen.database == f"sqlite:///{tmp_path / 'wasteledger' / 'ledger.db'}"
    assert chosen.schema == "wasteledger"
    assert chosen.signer_state == tmp_path / "wasteledger-signer" / "highwater.json"
    assert chosen.policy == chosen.home / "policy.txt"
    assert (chosen.keys, chosen.trust) == (chosen.home / "keys", chosen.home / "trust.json")


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("DATABASE", "postgresql://db/ledger", "mysql://db/ledger"),
        ("DATABASE", "postgresql://db:5432/ledger", "postgresql://db:port/ledger"),
        ("DATABASE", "postgresql://[::1]/ledger", "postgresql://[::1/ledger"),
        ("SCHEMA", "park_2", "Park"),
        ("SCHEMA", "_x", "x;drop"),
        ("SIGNER_STATE", "/srv/signer/high.json", "/srv/ledger/high.json"),
        ("RATE_LIMIT", "5/second", "5/fortnight"),
        ("RATE_LIMIT", "60/minute", "0/minute"),
        ("ADDRESS", "ledger.park.lan:8443", "https://ledger.park.lan"),
    ],
)
def test_a_value_that_cannot_be_meant_so_is_refused_by_the_name_of_its_variable(name: str, good: str, bad: str) -> None:
    home = {"WASTELEDGER_HOME": "/srv/ledger"}
    from_environment(home | {f"WASTELEDGER_{name}": good})
    with pytest.raises(BadSetting) as refused:
        from_environment(home | {f"WASTELEDGER_{name}": bad})
    assert refused.value.fields["name"] == f"WASTELEDGER_{name}"


def test_a_name_that_means_nothing_is_refused() -> None:
    with pytest.raises(BadSetting) as refused:
        from_environment({"WASTELEDGER_DATABSE": "sqlite:///x"})
    assert refused.value.fields["got"] == "DATABSE"


def test_printed_settings_hold_no_password() -> None:
    chosen = from_environment({"WASTELEDGER_DATABASE": "postgresql://clerk:s3cret@db/ledger"})
    assert "s3cret" not in f"{chosen} {chosen!r}"
    assert "postgresql://clerk:***@db/ledger" in str(chosen)


OIDC = {
    "WASTELEDGER_OIDC_ISSUER": "https://login.example.cn/park",
    "WASTELEDGER_OIDC_CLIENT_ID": "wasteledger",
    "WASTELEDGER_OIDC_CLIENT_SECRET_FILE": "/run/secrets/oidc",
}


def test_an_organisations_log_in_is_switched_on_by_three_settings_together() -> None:
    assert from_environment({}).oidc is None
    chosen = from_environment(OIDC)
    assert chosen.oidc is not None and chosen.oidc.secret_file == Path("/run/secrets/oidc")
    assert "OIDC_ISSUER=https://login.example.cn/park" in str(chosen)
    for name in OIDC:
        with pytest.raises(BadSetting) as refused:
            from_environment({key: value for key, value in OIDC.items() if key != name})
        assert refused.value.fields["name"] == name


@pytest.mark.parametrize(
    "issuer",
    ["http://login.example.cn", "ftp://login.example.cn", "login.example.cn", "https://", "https://a/?b", "https://[a"],
)
def test_an_issuer_is_reached_by_https_or_within_this_machine(issuer: str) -> None:
    from_environment(OIDC | {"WASTELEDGER_OIDC_ISSUER": "http://127.0.0.1:8080"})
    with pytest.raises(BadSetting, match="OIDC_ISSUER"):
        from_environment(OIDC | {"WASTELEDGER_OIDC_ISSUER": issuer})


def test_without_its_secret_no_provider_is_made(tmp_path: Path) -> None:
    chosen = from_environment(OIDC | {"WASTELEDGER_OIDC_CLIENT_SECRET_FILE": str(tmp_path / "none")})
    assert chosen.oidc is not None
    with pytest.raises(BadSetting, match="SECRET_FILE"):
        open_provider(chosen.oidc)
    (tmp_path / "none").write_text("s3cret\n")
    made = open_provider(chosen.oidc)
    assert made.secret == "s3cret" and "s3cret" not in repr(made)
