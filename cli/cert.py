"""`cert`: https for a local network without anybody's help: an own authority for these names, and a certificate."""

from __future__ import annotations

import ipaddress
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from cli.words import say
from ledger import bootstrap

DAYS = 397  # browsers take no longer-lived one
YEARS = 10


@click.command()
@click.argument("names", nargs=-1, required=True)
def command(names: tuple[str, ...]) -> None:
    """Make a certificate for NAMES (host names and addresses), and the authority that phones must trust once.

    The authority can vouch for these names only. Run it again each year: the same authority is used, and phones need
    nothing new unless the names change.

    \b
    Example:
    wasteledger cert ledger.park.lan 192.168.1.20
    """
    folder = bootstrap.settings().home / "tls"
    folder.mkdir(parents=True, mode=0o700, exist_ok=True)
    wanted = sorted({_name(each) for each in names}, key=str)
    alternatives = [_general(each) for each in wanted]
    authority, authority_key = _authority(folder, alternatives)
    key = ec.generate_private_key(ec.SECP256R1())
    made = (
        _begun(str(wanted[0]), key, authority.subject, timedelta(days=DAYS))
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    _write(folder / "key.pem", _secret(key))
    _write(folder / "cert.pem", _pem(made) + _pem(authority))
    click.echo(say(f"证书：{folder / 'cert.pem'}", f"certificate: {folder / 'cert.pem'}"))
    click.echo(say(f"请在各设备上信任：{folder / 'ca.pem'}", f"let each device trust: {folder / 'ca.pem'}"))
    click.echo(say("下一步：", "next: ") + "wasteledger serve --host 0.0.0.0 --port 8443")


Name = str | ipaddress.IPv4Address | ipaddress.IPv6Address


def _name(text: str) -> Name:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        pass
    try:
        known = x509.DNSName(text).value
    except ValueError:
        known = ""
    if not known:
        raise click.UsageError(say(f"{text!r} 不是主机名或地址", f"{text!r} is no host name or address"))
    return text.lower()


def _general(name: Name) -> x509.GeneralName:
    return x509.DNSName(name) if isinstance(name, str) else x509.IPAddress(name)


def _authority(folder: Path, names: list[x509.GeneralName]) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    """The authority for exactly these names: the one that is there, else a new one."""
    if (folder / "ca.pem").exists():
        authority = x509.load_pem_x509_certificate((folder / "ca.pem").read_bytes())
        key = serialization.load_pem_private_key((folder / "ca.key").read_bytes(), None)
        limits = authority.extensions.get_extension_for_class(x509.NameConstraints).value
        if limits.permitted_subtrees == _limits(names) and isinstance(key, ec.EllipticCurvePrivateKey):
            return authority, key
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "wasteledger local authority")])
    authority = (
        _begun("wasteledger local authority", key, subject, timedelta(days=365 * YEARS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.NameConstraints(_limits(names), None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.KeyUsage(
                digital_signature=False, content_commitment=False, key_encipherment=False, data_encipherment=False,
                key_agreement=False, key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False,
            ),
            critical=True,
        )
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    _write(folder / "ca.key", _secret(key))
    _write(folder / "ca.pem", _pem(authority))
    return authority, key


def _limits(names: list[x509.GeneralName]) -> list[x509.GeneralName]:
    """What the authority may vouch for; addresses as networks of one."""
    return [x509.IPAddress(ipaddress.ip_network(n.value)) if isinstance(n, x509.IPAddress) else n for n in names]


def _begun(
    name: str, key: ec.EllipticCurvePrivateKey, issuer: x509.Name, lasting: timedelta
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])]))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + lasting)
    )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _secret(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write(path: Path, content: bytes) -> None:
    """Readable by the owner only, and whole or not at all."""
    fresh = path.with_suffix(".new")
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
    fresh.replace(path)
