"""News reach a real server: signed, once and again until taken, and to the right party only."""

from __future__ import annotations

import ipaddress
import json
import time
from base64 import b64decode
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from ledger.access import Viewer
from ledger.accounts import Actor
from ledger.accounts.errors import NoSuch, ScopeUnknown
from ledger.accounts.outside import Outside, UrlRefused
from ledger.accounts.webhooks import HOOKS_MAX, RETRY_S, TooManyHooks, Webhooks
from ledger.custody.registry import Edition
from ledger.queries import Queries
from ledger.reading import Reading
from ledger.store import tables as t
from ledger.store.projections import Projector
from ledger.store.shown import FeedRow
from ledger.store.webhooks import WebhookStore
from tests.integration.accounts.conftest import House
from tests.support.receiver import Receiver
from tests.support.world import ORIGIN, Device


class Post:
    """Webhooks of a house, a receiver, and devices that give it news."""

    def __init__(self, house: House, receiver: Receiver) -> None:
        self.house, self.world, self.receiver = house, house.world, receiver
        self.projector = Projector(self.world.ledger.engine, self.world.ledger.regime, lambda _: Edition())
        self.queries = Queries(
            engine=self.world.ledger.engine, regime=self.world.ledger.regime, projector=self.projector
        )
        self.reading = Reading(self.queries)
        self.webhooks = self.another_process()
        self.device = self.device_of(house.admin)

    def another_process(self) -> Webhooks:
        return Webhooks(
            engine=self.world.ledger.engine,
            clock=self.world.clock,
            chance=lambda n: bytes(1) if n == 1 else self.world.chance.randbytes(n),  # waits without their chance part
            kek=self.world.keys.kek,
            origin=ORIGIN,
            changes=self.changes,
            projected=self.queries.projected,
            outside=Outside(opened=(ipaddress.ip_network("127.0.0.0/8"),), timeout_s=2),
        )

    def changes(self, party: str, after: int, limit: int) -> tuple[Sequence[FeedRow], int]:
        return self.reading.changes(Viewer(who=frozenset({party}), own=frozenset({party})), after, limit)

    def device_of(self, admin: Actor) -> Device:
        return self.world.enrol(self.world.authority, party=admin.party, admin=True)

    def fill(self, device: Device | None = None) -> str:
        device = device or self.device
        body = self.world.filled(device, self.world.new("site"))
        assert device.say("container-filled", body).outcome == "recorded"
        return str(body["container"])

    def run(self) -> int:
        """One round of the job runner, after the log has moved on."""
        self.world.ledger.sequence()
        self.projector.follow()
        self.webhooks.feed()
        return self.webhooks.deliver()

    def drain(self) -> None:
        while self.run():
            pass


@pytest.fixture
def post(house: House) -> Iterator[Post]:
    with Receiver().running() as receiver:
        made = Post(house, receiver)
        made.world.ledger.sequence()
        made.projector.follow()
        yield made


def test_what_concerns_the_party_is_posted_once_and_verifies_by_other_code(post: Post) -> None:
    post.world.clock.ms = int(time.time() * 1000)  # that code compares with today's clock
    _, secret = post.webhooks.add(post.house.admin, post.receiver.url)
    drums = [post.fill() for _ in range(3)]
    post.fill(post.device_of(post.house.other))
    post.drain()
    verifier = Webhook(secret)
    told = [verifier.verify(body, headers) for _, headers, body in post.receiver.posts]
    filled = [each["data"] for each in told if each["type"] == "container-filled"]
    assert {about for each in filled for about in each["about"] if about.startswith("container:")} == set(drums)
    assert len(filled) == 3 and all(each["party"] == post.house.admin.party for each in filled)
    assert post.world.ledger.record_at(filled[0]["index"]).statement.find(filled[0]["id"].encode()) > 0
    _, headers, body = post.receiver.posts[0]
    for other, changed in ((headers, body + b" "), (headers | {"webhook-id": "msg_x"}, body)):
        with pytest.raises(WebhookVerificationError):
            verifier.verify(changed, other)
    count = len(post.receiver.posts)
    post.drain()
    assert len(post.receiver.posts) == count == len({headers["webhook-id"] for _, headers, _ in post.receiver.posts})


def test_only_the_types_asked_for_are_posted(post: Post) -> None:
    post.webhooks.add(post.house.admin, post.receiver.url, ["label-issued"])
    post.fill()
    post.drain()
    assert post.receiver.posts == []
    for types in (["Not A Type"], ["a\nb"], [""]):
        with pytest.raises(ScopeUnknown):
            post.webhooks.add(post.house.admin, post.receiver.url, types)


def test_a_refusal_is_said_to_who_was_refused(post: Post) -> None:
    post.webhooks.add(post.house.admin, post.receiver.url, ["container-filled"])
    drum = post.fill()
    again = post.world.filled(post.device, post.world.new("site"), drum)
    assert post.device.say("container-filled", again).outcome == "refused"
    post.drain()
    assert sorted("refused" in json.loads(body)["data"] for *_, body in post.receiver.posts) == [False, True]


def test_a_failed_message_is_tried_again_after_growing_waits_and_is_then_dead_until_replayed(post: Post) -> None:
    hook, _ = post.webhooks.add(post.house.admin, post.receiver.url, ["container-filled"])
    post.receiver.answers = [500]
    post.fill()
    for tries, wait in enumerate(RETRY_S, 1):
        assert post.run() == 1
        (line,) = post.webhooks.log(post.house.admin, hook.id)
        assert (line.state, line.attempts, line.status) == ("waiting", tries, 500)
        post.world.clock.advance(ms=wait * 1000 - 1)
        assert post.run() == 0
        post.world.clock.advance(ms=1)
    assert post.run() == 1
    (line,) = post.webhooks.log(post.house.admin, hook.id)
    assert (line.state, line.attempts, line.next_at) == ("dead", len(RETRY_S) + 1, None)
    post.world.clock.advance(hours=1000)
    assert post.run() == 0
    post.receiver.answers = [204]
    post.webhooks.replay(post.house.admin, hook.id, 0)
    post.drain()
    states = {line.index: line for line in post.webhooks.log(post.house.admin, hook.id)}
    assert states[line.index].id == line.id and states[line.index].state == "delivered"


def test_a_server_that_does_not_answer_is_a_failure_with_its_reason(post: Post) -> None:
    hook, _ = post.webhooks.add(post.house.admin, "http://127.0.0.1:9/nobody-listens", ["container-filled"])
    post.fill()
    post.drain()
    (line,) = post.webhooks.log(post.house.admin, hook.id)
    assert line.state == "waiting" and line.status is None and "refused" in line.error


def test_a_redirect_is_a_failure_and_gone_switches_the_webhook_off(post: Post) -> None:
    hook, _ = post.webhooks.add(post.house.admin, post.receiver.url, ["container-filled"])
    post.receiver.answers = [302, 410]
    post.fill()
    post.run()
    assert post.webhooks.log(post.house.admin, hook.id)[0].state == "waiting"
    post.world.clock.advance(ms=RETRY_S[0] * 1000)
    post.run()
    assert post.webhooks.one(post.house.admin, hook.id).disabled == "gone"
    post.world.clock.advance(hours=1)
    post.fill()
    assert post.run() == 0
    post.receiver.answers = [200]
    post.webhooks.replay(post.house.admin, hook.id, post.world.ledger.size())
    post.drain()
    assert {line.state for line in post.webhooks.log(post.house.admin, hook.id)} == {"delivered"}


def test_the_test_button_posts_a_message_without_news(post: Post) -> None:
    hook, _ = post.webhooks.add(post.house.admin, post.receiver.url)
    waiting = post.webhooks.test(post.house.admin, hook.id)
    assert waiting.state == "waiting" and waiting.index is None
    post.webhooks.deliver()
    (_, headers, body) = post.receiver.posts[0]
    assert headers["webhook-id"] == waiting.id and json.loads(body)["data"] == {"ledger": ORIGIN}
    assert post.webhooks.log(post.house.admin, hook.id)[0].state == "delivered"


def test_a_webhook_is_its_partys_alone_and_its_secret_is_not_in_the_database(post: Post) -> None:
    hook, secret = post.webhooks.add(post.house.admin, post.receiver.url)
    for act in (post.webhooks.one, post.webhooks.remove, post.webhooks.test, post.webhooks.log):
        with pytest.raises(NoSuch):
            act(post.house.other, hook.id)
    with pytest.raises(NoSuch):
        post.webhooks.replay(post.house.other, hook.id, 0)
    assert post.webhooks.of_party(post.house.other) == []
    with post.world.ledger.engine.connect() as connection:
        (row,) = connection.execute(select(t.webhook)).all()
    assert b64decode(secret.removeprefix("whsec_")) not in row.secret
    post.webhooks.remove(post.house.admin, hook.id)
    assert post.webhooks.of_party(post.house.admin) == []


def test_a_webhook_into_our_own_network_is_refused_and_there_are_not_too_many(post: Post) -> None:
    with pytest.raises(UrlRefused):
        post.webhooks.add(post.house.admin, "https://[::1]/")
    for _ in range(HOOKS_MAX):
        post.webhooks.add(post.house.admin, post.receiver.url)
    with pytest.raises(TooManyHooks):
        post.webhooks.add(post.house.admin, post.receiver.url)


def test_several_processes_together_post_everything_once(post: Post) -> None:
    hook, _ = post.webhooks.add(post.house.admin, post.receiver.url, ["container-filled"])
    for _ in range(12):
        post.fill()
    post.world.ledger.sequence()
    post.projector.follow()
    several = [post.another_process() for _ in range(4)]

    def work(one: Webhooks) -> None:
        for _ in range(8):
            one.feed()
            one.deliver()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, several))
    assert len(post.receiver.posts) == 12 == len({h["webhook-id"] for _, h, _ in post.receiver.posts})
    assert {line.state for line in post.webhooks.log(post.house.admin, hook.id)} == {"delivered"}


def test_what_a_dead_process_held_is_due_again_later(post: Post) -> None:
    post.webhooks.add(post.house.admin, post.receiver.url, ["container-filled"])
    post.fill()
    post.world.ledger.sequence()
    post.projector.follow()
    post.webhooks.feed()
    now = post.world.clock()
    assert len(WebhookStore(post.world.ledger.engine).claim(now, now + 120_000, 8, 4)) == 1  # and then it dies
    assert post.webhooks.deliver() == 0
    post.world.clock.advance(ms=120_000)
    assert post.webhooks.deliver() == 1
    assert len(post.receiver.posts) == 1


def test_one_partys_full_queue_leaves_room_for_others(post: Post) -> None:
    post.webhooks.add(post.house.admin, post.receiver.url, ["container-filled"])
    theirs, _ = post.webhooks.add(post.house.other, post.receiver.url, ["container-filled"])
    for _ in range(20):
        post.fill()
    post.fill(post.device_of(post.house.other))
    post.run()
    assert post.webhooks.log(post.house.other, theirs.id)[0].state == "delivered"
