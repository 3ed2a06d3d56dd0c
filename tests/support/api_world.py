"""A park with an API: a shop, a carrier and a disposer, a regulator and an operator, each with a way in."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path
from typing import Any

from flask import Flask

from api import browser, create_app
from ledger.access import Viewer
from ledger.accounts import Accounts, Actor
from ledger.accounts.oidc import Provider
from ledger.accounts.outside import Outside
from ledger.accounts.webhooks import Webhooks
from ledger.custody.registry import Edition
from ledger.log.wire import encode_base64
from ledger.queries import Queries
from ledger.reading import Reading
from ledger.service import Submission
from ledger.settings import Settings
from ledger.store.projections import Projector
from tests.support.world import OIL, ORIGIN, Device, World

PASSWORD = "correct horse battery"
LOCAL = "http://localhost"
Answer = Any


@dataclass(slots=True)
class ApiWorld:
    """One ledger behind one application; parties by name in `device`, `yard` and `actor`."""

    world: World
    app: Flask = field(init=False)
    accounts: Accounts = field(init=False)
    queries: Queries = field(init=False)
    webhooks: Webhooks = field(init=False)
    device: dict[str, Device] = field(default_factory=dict)
    yard: dict[str, dict[str, str]] = field(default_factory=dict)
    actor: dict[str, Actor] = field(default_factory=dict)
    token: dict[str, str] = field(default_factory=dict)

    @classmethod
    def create(cls, url: str, folder: Path, *, provider: Provider | None = None, **settings: Any) -> ApiWorld:
        world = World.create(url, folder)
        made = cls(world)
        ledger = world.ledger
        projector = Projector(ledger.engine, ledger.regime, lambda _: Edition())
        made.queries = Queries(engine=ledger.engine, regime=ledger.regime, projector=projector)
        made.accounts = Accounts(
            engine=ledger.engine,
            clock=world.clock,
            chance=world.chance.randbytes,
            kek=world.keys.kek,
            origin=ORIGIN,
            provider=provider,
        )
        reading = Reading(made.queries)
        made.webhooks = Webhooks(
            engine=ledger.engine,
            clock=world.clock,
            chance=world.chance.randbytes,
            kek=world.keys.kek,
            origin=ORIGIN,
            changes=lambda party, after, limit: reading.changes(
                Viewer(who=frozenset({party}), own=frozenset({party})), after, limit
            ),
            projected=made.queries.projected,
            outside=Outside(opened=(ip_network("127.0.0.0/8"),), timeout_s=2),
        )
        chosen: dict[str, Any] = {"rate_limit": "1000000/second"} | settings
        made.app = create_app(
            ledger,
            made.queries,
            made.accounts,
            Settings(
                home=folder / "home",
                database=url,
                schema="wasteledger",
                signer_state=world.signer_state,
                policy=folder / "policy.txt",
                **chosen,
            ),
            webhooks=made.webhooks,
        )
        for name in ("shop", "carrier", "disposer", "stranger"):
            made.device[name] = device = world.party(name)
            made.yard[name] = {"party": device.party, "site": world.site(device, f"{name} yard")}
            made.join(name, "admin", device.party)
            made.token[name] = made.issue(name, "read", "statements:write")
        made.join("operator", "operator", ledger.opened.operator)
        made.join("regulator", "regulator", world.authority.party, ("*",))
        made.token["regulator"] = made.issue("regulator", "read")
        made.token["mirror"] = made.issue("regulator", "mirror")
        made.follow()
        return made

    def join(self, name: str, role: str, party: str, regions: tuple[str, ...] = ()) -> Actor:
        """An account of that name with that role."""
        made = self.accounts.create(name=name, password=PASSWORD, roles=[role], party=party, regions=regions)
        limits = tuple(each for each in regions if each != "*")
        actor = Actor(
            account=made.id, person=made.person, party=party, roles=frozenset({role}), regions=limits, via="session"
        )
        self.actor[name] = actor
        return actor

    def session(self, name: str) -> str:
        return self.accounts.log_in(name, PASSWORD, address="192.0.2.1")

    def issue(self, name: str, *scopes: str) -> str:
        """The secret of a new token."""
        return self.accounts.tokens.issue(self.actor[name], name=f"{name} {scopes[0]}", scopes=scopes, days=30)[1]

    def follow(self) -> None:
        """What a server does all the time: sequence, sign, project."""
        self.world.ledger.sequence()
        self.world.ledger.sign()
        self.queries.projector.follow()

    # ------------------------------------------------------------------------------------ asking

    def client(self) -> Any:
        return self.app.test_client()

    def get(self, path: str, by: str | None = None, **headers: str) -> Answer:
        return self.client().get(path, headers=self._headers(by) | headers)

    def post(self, path: str, body: Any, by: str | None = None, **headers: str) -> Answer:
        return self.client().post(path, json=body, headers=self._headers(by) | headers)

    def _headers(self, by: str | None) -> dict[str, str]:
        return {} if by is None else {"Authorization": f"Bearer {self.token[by]}"}

    def logged_in(self, name: str) -> tuple[Any, dict[str, str]]:
        """A browser with a session, and the header that its changes need."""
        secret = self.session(name)
        client = self.app.test_client()
        client.set_cookie(browser.LOCAL_COOKIE, secret)
        return client, {browser.CSRF_HEADER: browser.csrf_token(secret)}

    # ------------------------------------------------------------------------------------ saying

    def send(self, submission: Submission, by: str) -> Answer:
        return self.post("/v1/statements", wire_of(submission), by)

    def say(self, name: str, type_: str, body: dict[str, Any], **more: Any) -> Answer:
        """What the party's device signs, sent with the party's token."""
        return self.send(self.device[name].sign(type_, body, **more), name)

    def drum(self, name: str = "shop", grams: int = 180_000) -> str:
        """A filled drum, recorded and followed."""
        container = self.world.new("container")
        answer = self.say(name, "container-filled", self.filling(container, name, grams))
        assert answer.status_code == 201, answer.json
        self.follow()
        return container

    def filling(self, container: str, name: str = "shop", grams: int = 180_000) -> dict[str, Any]:
        return self.world.filled(self.device[name], self.yard[name]["site"], container, grams)

    def manifest(self, container: str, grams: int = 180_000, **more: Any) -> str:
        """A manifest from the shop to the disposer."""
        manifest = self.world.new("manifest")
        answer = self.say("shop", "manifest-issued", self.ends(manifest, container, grams) | more)
        assert answer.status_code == 201, answer.json
        self.follow()
        return manifest

    def ends(self, manifest: str, container: str, grams: int = 180_000) -> dict[str, Any]:
        return {
            "manifest": manifest,
            "from": self.yard["shop"],
            "to": self.yard["disposer"],
            "carrier": self.device["carrier"].party,
            "lines": [{"container": container, "code": OIL, "net_g": grams}],
        }

    def close(self) -> None:
        self.world.close()


def wire_of(submission: Submission) -> dict[str, Any]:
    """A signed statement as the API takes it."""
    made: dict[str, Any] = {
        "statement": submission.raw.decode(),
        "signature": encode_base64(submission.signature),
    }
    if submission.sealed:
        made["sealed"] = [{"path": s.path, "salt": s.salt.hex(), "value": s.value} for s in submission.sealed]
    if submission.note is not None:
        made["note"] = submission.note.decode()
    return made
