"""No address that somebody typed leads into our own network."""

from __future__ import annotations

import ipaddress
import socket
import threading
import time
from collections.abc import Sequence

import pytest

from ledger.accounts.outside import NotReached, Outside, UrlRefused
from tests.support.receiver import Receiver

LOOPBACK = ipaddress.ip_network("127.0.0.0/8")


def names(**table: Sequence[str]) -> Outside:
    return Outside(resolve=lambda host, _: table[host.replace(".", "_")])


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.9.9.9", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
        "224.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1", "240.0.0.1",
        "::1", "::", "fe80::1%eth0", "fc00::1", "fec0::1", "ff02::1", "2001:db8::1",
        "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "64:ff9b::a9fe:a9fe",
    ],
)  # fmt: skip
def test_a_name_that_leads_inside_is_refused(address: str) -> None:
    with pytest.raises(UrlRefused) as refused:
        names(inside_example=[address]).verify("https://inside.example/")
    assert address.partition("%")[0] not in refused.value.says("en"), "names inside are not looked up for others"
    with pytest.raises(UrlRefused):  # one public address beside it does not help
        names(inside_example=["93.184.216.34", address]).verify("https://inside.example/")


def test_a_public_name_is_reached_at_the_address_that_was_judged() -> None:
    target = names(erp_example=["93.184.216.34"]).verify("https://erp.example:8443/a/b?c=d")
    assert (target.address, target.host, target.port, target.path) == ("93.184.216.34", "erp.example", 8443, "/a/b?c=d")


@pytest.mark.parametrize(
    "url",
    [
        "http://erp.example/", "ftp://erp.example/", "file:///etc/passwd", "gopher://erp.example/", "https:///x", "",
        "https://user:pass@erp.example/", "https://erp.example@127.0.0.1/", "https://erp.example\\@127.0.0.1/",
        "https://erp.example/\r\nHost: inside", "https://erp.example/a b", "https://erp.example/#part",
        "https://erp.example:99999/", "https://erp.example:0/", "https://erp.example:x/", "//erp.example/",
        "https://[::1/", "https://erp.example/" + "x" * 500, "javascript:alert(1)", "https://例子.example/",
    ],
)  # fmt: skip
def test_anything_but_a_plain_https_url_is_refused(url: str) -> None:
    with pytest.raises((UrlRefused, NotReached)):
        Outside(resolve=lambda *_: ["93.184.216.34"]).verify(url)


@pytest.mark.parametrize("host", ["2130706433", "0x7f000001", "0177.0.0.1", "127.1", "localhost", "[::ffff:7f00:1]"])
def test_other_spellings_of_this_machine_are_refused_by_the_real_resolver(host: str) -> None:
    with pytest.raises((UrlRefused, NotReached)):
        Outside().verify(f"https://{host}/")


def test_a_name_that_changes_its_address_between_two_questions_gains_nothing() -> None:
    """DNS rebinding: each post judges what it will connect to, and asks no second time."""
    with Receiver().running() as receiver:
        answers = [["93.184.216.34"], ["127.0.0.1"]]
        outside = Outside(resolve=lambda *_: answers.pop(0), timeout_s=1)
        outside.verify(f"https://rebound.example:{receiver.port}/")
        with pytest.raises(UrlRefused):
            outside.post(f"https://rebound.example:{receiver.port}/", {}, b"{}")
        assert receiver.posts == []


def test_an_opened_network_is_reached_and_redirects_are_not_followed() -> None:
    with Receiver().running() as there, Receiver().running() as elsewhere:
        outside = Outside(opened=(LOOPBACK,))
        assert outside.post(there.url, {"X-A": "b"}, b"{}") == 200
        assert there.posts[0][0] == "/hook?from=ledger" and there.posts[0][1]["x-a"] == "b"
        assert there.posts[0][1]["host"] == f"127.0.0.1:{there.port}"
        there.answers, there.headers = [307], {"Location": elsewhere.url}
        assert outside.post(there.url, {}, b"{}") == 307
        assert elsewhere.posts == []


def test_a_header_cannot_carry_another_header() -> None:
    with Receiver().running() as receiver, pytest.raises(NotReached):
        Outside(opened=(LOOPBACK,)).post(receiver.url, {"X-A": "b\r\nX-C: d"}, b"{}")
    assert receiver.posts == []


def test_a_peer_that_drips_is_left_when_the_time_is_over() -> None:
    server = socket.create_server(("127.0.0.1", 0))
    stop = threading.Event()

    def drip() -> None:
        peer, _ = server.accept()
        with peer:
            while not stop.wait(0.05):
                try:
                    peer.sendall(b"H")
                except OSError:
                    return

    thread = threading.Thread(target=drip)
    thread.start()
    began = time.monotonic()
    with pytest.raises(NotReached):
        Outside(opened=(LOOPBACK,), timeout_s=0.4).post(f"http://127.0.0.1:{server.getsockname()[1]}/", {}, b"{}")
    assert time.monotonic() - began < 3
    stop.set()
    thread.join()
    server.close()


def test_a_peer_without_a_trusted_certificate_is_not_told_anything() -> None:
    with Receiver().running() as receiver, pytest.raises(NotReached):
        Outside(opened=(LOOPBACK,), timeout_s=2).post(f"https://127.0.0.1:{receiver.port}/", {}, b"secret")
    assert receiver.posts == []
