"""Evidence and the ledger's health: what was proven is said with its reach, what was not is said too."""

from __future__ import annotations

import time

from ledger import verdicts
from ledger.log import statement
from ledger.log.checkpoint import Policy
from ledger.log.proof import verify_receipt
from tests.support.api_world import ApiWorld
from tests.support.at_work import AtWork, at_work


def recorded(api: ApiWorld) -> str:
    """The id of the statement that filled a drum of the shop's."""
    api.drum()
    ledger = api.world.ledger
    return statement.parse(ledger.record_at(ledger.size() - 1).statement).id


def test_a_record_is_told_with_its_proof_and_what_that_does_not_prove(api: ApiWorld, regulator: AtWork) -> None:
    shown = regulator.open(f"/evidence/{recorded(api)}")
    assert "产生并装入 · 180 kg" in shown and "本人设备" in shown
    assert "已证明：密钥" in shown and "仅由运营方自证" in shown and "未证明：" in shown
    assert "已验证" in shown and "container-filled" in shown


def test_the_downloaded_receipt_verifies_without_the_ledger(api: ApiWorld, regulator: AtWork) -> None:
    id_ = recorded(api)
    answer = regulator.get(f"/evidence/{id_}/receipt.txt")
    assert "attachment" in answer.headers["Content-Disposition"]
    ledger = api.world.ledger
    proven = verify_receipt(answer.data, Policy.parse(ledger.policy_text()), ledger.trust())
    assert proven.statement.id == id_


def test_what_is_not_under_a_checkpoint_yet_is_promised_and_not_called_verified(
    api: ApiWorld, regulator: AtWork
) -> None:
    container = api.world.new("container")
    made = api.say("shop", "container-filled", api.filling(container))
    api.world.ledger.sequence()
    api.queries.projector.follow()
    shown = regulator.open(f"/evidence/{made.json['id']}")
    assert "尚未进入检查点" in shown and "承诺" in shown and "已验证" not in shown
    assert regulator.get(f"/evidence/{made.json['id']}/receipt.txt").status_code == 404


def test_who_takes_no_part_in_a_record_is_answered_as_if_there_were_none(api: ApiWorld) -> None:
    id_ = recorded(api)
    stranger = at_work(api, "stranger")
    missing = [stranger.get(f"/evidence/{name}").status_code for name in (id_, "0" * 64, "z" * 64, "x")]
    assert missing == [404] * 4
    assert stranger.get(f"/evidence/{id_}/receipt.txt").status_code == 404


def test_verified_is_said_only_after_a_verification_with_its_time_and_reach(api: ApiWorld, regulator: AtWork) -> None:
    recorded(api)
    before = regulator.open("/ledger")
    assert "尚未验证" in before and "全部相符" not in before
    assert regulator.post("/ledger/verify", {}).status_code == 303
    after = ended(regulator)
    size = api.world.ledger.size()
    assert "全部相符" in after and f"第 1 至 {size} 条" in after and "散列与链" in after
    recorded(api)
    assert "其后尚未验证 1 条" in regulator.open("/ledger")


def test_an_enterprise_cannot_start_a_verification_and_an_operator_sees_no_business(api: ApiWorld) -> None:
    recorded(api)
    shop = at_work(api, "shop")
    assert shop.post("/ledger/verify", {}).status_code == 403
    operator, _ = api.logged_in("operator")
    shown = operator.get("/ledger")
    assert shown.status_code == 200 and "shop" not in shown.text and "验证全部散列与链" in shown.text
    assert operator.get("/overview").status_code == 403


def test_a_verification_that_cannot_be_finished_says_so_until_one_is(api: ApiWorld, regulator: AtWork) -> None:
    recorded(api)
    pinned = api.app.extensions["settings"].trust
    pinned.parent.mkdir(parents=True, exist_ok=True)
    pinned.write_bytes(b"{")
    assert regulator.post("/ledger/verify", {}).status_code == 303
    assert "未能完成" in (page := ended(regulator)) and "全部相符" not in page
    pinned.unlink()
    assert regulator.post("/ledger/verify", {}).status_code == 303
    assert "未能完成" not in (page := ended(regulator)) and "全部相符" in page


def test_a_verdict_from_the_command_line_ends_the_word_of_one_that_failed(api: ApiWorld, regulator: AtWork) -> None:
    kept = api.app.extensions["settings"].verdict
    verdicts.fail(kept, OSError("disk"))
    assert "OSError" in regulator.open("/ledger")
    verdicts.keep(kept, api.world.ledger.verify(level="hashes", processes=1), api.world.ledger.now())
    assert "OSError" not in (page := regulator.open("/ledger")) and "全部相符" in page


def ended(regulator: AtWork) -> str:
    """The health page once no verification runs any more."""
    for _ in range(100):
        if "正在验证" not in (page := regulator.open("/ledger")):
            return page
        time.sleep(0.1)
    raise AssertionError("the verification did not end")
