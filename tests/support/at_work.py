"""People at their pages: a browser with a session, whose forms carry what a page of ours carries."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import Any

from api import browser
from ledger.labels.code import issue
from ledger.log.keys import PrivateKey
from tests.support.api_world import ApiWorld
from tests.support.world import ORIGIN


@dataclass(slots=True)
class AtWork:
    """Somebody logged in; `open` asserts that the page is there."""

    api: ApiWorld
    client: Any
    secret: str

    def get(self, path: str) -> Any:
        return self.client.get(path)

    def open(self, path: str) -> str:
        """The page's text, without its markup."""
        answer = self.client.get(path, follow_redirects=True)
        assert answer.status_code == 200, text(answer)
        return text(answer)

    def post(self, path: str, form: dict[str, Any]) -> Any:
        """A form sent with the session's token, under an id of its own unless it brings one."""
        usual = {browser.CSRF_FIELD: browser.csrf_token(self.secret), "id": self.api.world.uuid7()}
        return self.client.post(path, data=usual | form)

    def does(self, path: str, form: dict[str, Any]) -> str:
        """Send a form that is recorded, a minute after the one before; where it leads to."""
        self.api.world.clock.advance(ms=60_000)
        answer = self.post(path, form)
        assert answer.status_code == 303, text(answer)
        self.api.follow()
        return str(answer.headers["Location"])


def at_work(api: ApiWorld, name: str, role: str = "", party: str = "") -> AtWork:
    """That person's browser; with a role, one who joins that party now. The server keeps their key."""
    actor = api.join(name, role, api.device[party].party) if role else api.actor[name]
    device = api.device[party or name]
    body = api.world.ledger.keep_key(party=actor.party, person=actor.person)
    assert device.say("key-enrolled", body).outcome == "recorded"
    api.follow()
    secret = api.session(name)
    client = api.app.test_client()
    client.set_cookie(browser.LOCAL_COOKIE, secret)
    return AtWork(api, client, secret)


def text(answer: Any) -> str:
    """What a reader sees of a page."""
    seen = re.sub(r"(?s)<(script|nav|header).*?</\1>|<[^>]+>", " ", answer.text)
    return re.sub(r"\s+", " ", html.unescape(seen)).strip()


def label_link(container: str, label: str) -> str:
    """The link that a label printed for a container carries in its QR code."""
    made = issue(label=label, container=container, origin=ORIGIN, key=PrivateKey(bytes(32)))
    return made.link("HTTPS://LEDGER.EXAMPLE/L/")
