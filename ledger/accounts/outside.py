"""Posts to an address that somebody else chose, without becoming their way into our own network.

A name is resolved once, every address it has is judged, and the connection goes to a judged address while TLS still
checks the name: a second, different answer of the name server changes nothing. Redirects are not followed. An answer is
read to its first kilobyte, and the whole exchange has one deadline, because a peer may drip.
"""

from __future__ import annotations

import ipaddress
import re
import socket
import ssl
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from typing import Final
from urllib.parse import urlsplit

from ledger.errors import FormError, LedgerError

URL_MAX: Final = 500
TIMEOUT_S: Final = 15.0
_SHAPE = re.compile(
    r"https?://[A-Za-z0-9.\[\]:-]{1,260}(?:/[A-Za-z0-9._~%!$&'()*+,;=:@/-]*)?(?:\?[^\s#\"<>\\^`{|}]*)?"
).fullmatch
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
Resolve = Callable[[str, int], Sequence[str]]


class UrlRefused(FormError):
    """An address to which this server does not speak."""

    code = "url-refused"
    zh = "不接受该网址：{reason}"
    en = "this address is not accepted: {reason}"


class NotReached(LedgerError):
    """No HTTP answer came."""

    code = "not-reached"
    zh = "对方服务器未作应答：{reason}"
    en = "the other server did not answer: {reason}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A judged address."""

    scheme: str
    host: str
    port: int
    path: str
    address: str


def resolve(host: str, port: int) -> list[str]:
    """Every address that the name has; raises NotReached."""
    try:
        return sorted({str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)})
    except (OSError, UnicodeError) as error:
        raise NotReached(reason=f"{host}: {error}") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """What may be reached: the public internet by https, and the networks that the operator opened, by http too."""

    opened: tuple[Network, ...] = ()
    resolve: Resolve = resolve
    timeout_s: float = TIMEOUT_S

    def verify(self, url: str) -> Target:
        """Where a post to this URL would go; raises UrlRefused or NotReached."""
        if len(url) > URL_MAX or not _SHAPE(url):
            raise UrlRefused(reason="form", expected="https://host/path", got=ascii(url[:80]))
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port
        except ValueError as error:
            raise UrlRefused(reason=str(error), expected="https://host/path", got=ascii(url[:80])) from None
        port = port if port is not None else 443 if parts.scheme == "https" else 80
        if not host or port == 0:
            raise UrlRefused(reason="form", expected="https://host/path", got=ascii(url[:80]))
        found = self.resolve(host, port)
        if not found:
            raise NotReached(reason=f"{host}: no address")
        for each in found:
            self._verify_address(ipaddress.ip_address(each.partition("%")[0]), parts.scheme, host)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return Target(scheme=parts.scheme, host=host, port=port, path=path, address=found[0])

    def _verify_address(self, address: Address, scheme: str, host: str) -> None:
        """Refused is what was asked for: the address behind a name of our own network is not told."""
        real = _embedded(address)
        if any(real in network for network in self.opened if network.version == real.version):
            return
        kept = isinstance(real, ipaddress.IPv6Address) and real.is_site_local  # for Python those are global
        if not real.is_global or kept or real.is_multicast or real.is_reserved or real.is_unspecified:
            raise UrlRefused(reason="address", expected="a public address", got=host)
        if scheme != "https":
            raise UrlRefused(reason="scheme", expected="https", got=scheme)

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        """The status of the answer; raises UrlRefused or NotReached."""
        target = self.verify(url)
        try:
            plain = socket.create_connection((target.address, target.port), self.timeout_s)
        except OSError as error:
            raise NotReached(reason=str(error)) from None
        connection = HTTPConnection(target.host, target.port)
        watch = threading.Timer(self.timeout_s, _cut, [plain])
        watch.daemon = True
        watch.start()
        try:
            connection.sock = _wrapped(plain, target)
            connection.request("POST", target.path, body, dict(headers))
            answer = connection.getresponse()
            answer.read(1024)
            return answer.status
        except (OSError, HTTPException, ValueError) as error:
            raise NotReached(reason=f"{type(error).__name__}: {error}"[:200]) from None
        finally:
            watch.cancel()
            connection.close()
            plain.close()


def _wrapped(plain: socket.socket, target: Target) -> socket.socket:
    if target.scheme == "http":
        return plain
    return ssl.create_default_context().wrap_socket(plain, server_hostname=target.host)


def _cut(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # it is over already


def _embedded(address: Address) -> Address:
    """The IPv4 address inside one of IPv6's envelopes, which would be opened on the way; else the address."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else address)
