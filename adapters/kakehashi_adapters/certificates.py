"""How long certificates are valid; and a throw-away authority for demo and tests, never for production: the site has
its own CA.
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

__all__ = ["Authority", "CertificateFiles", "make_certificates", "valid_until"]

_LIFE = timedelta(days=398)
_LEEWAY = timedelta(minutes=5)
"""A certificate is valid a little before it was made: clocks differ."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateFiles:
    """The PEM files of one folder; the simulators expect exactly these names, and of the way back (the server asks us)
    listener.pem and asker.pem with their keys.
    """

    ca: Path
    server_certificate: Path
    server_key: Path
    client_certificate: Path
    client_key: Path

    @classmethod
    def in_folder(cls, folder: Path) -> CertificateFiles:
        return cls(
            ca=folder / "ca.pem",
            server_certificate=folder / "server.pem",
            server_key=folder / "server.key",
            client_certificate=folder / "client.pem",
            client_key=folder / "client.key",
        )


class Authority:
    """A CA whose key lives in memory only: nobody can issue another certificate later."""

    def __init__(self, name: str, *, now: datetime) -> None:
        self._now = now
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        builder = _builder(self._name, self._name, self._key, now - _LEEWAY, now + _LIFE)
        usage = x509.KeyUsage(
            digital_signature=False,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            key_cert_sign=True,
            crl_sign=True,
            encipher_only=False,
            decipher_only=False,
        )
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        self._certificate = builder.add_extension(usage, critical=True).sign(self._key, hashes.SHA256())

    def write(self, path: Path) -> None:
        path.write_bytes(self._certificate.public_bytes(serialization.Encoding.PEM))

    def issue(
        self,
        certificate: Path,
        key: Path,
        *,
        names: Sequence[str] = (),
        valid: tuple[datetime, datetime] | None = None,
    ) -> None:
        """Write a server certificate for `names` (host names and addresses), or a client certificate for none.

        `valid` overrides (from, to). The key file is readable by its owner only.
        """
        private = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0] if names else "kakehashi")])
        start, end = valid or (self._now - _LEEWAY, self._now + _LIFE)
        builder = _builder(subject, self._name, private, start, end, signer=self._key)
        purpose = ExtendedKeyUsageOID.SERVER_AUTH if names else ExtendedKeyUsageOID.CLIENT_AUTH
        builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        if names:
            alternatives = x509.SubjectAlternativeName([_general_name(name) for name in names])
            builder = builder.add_extension(alternatives, critical=False)
        signed = builder.sign(self._key, hashes.SHA256())
        certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
        _write_private(key, private)


def make_certificates(
    folder: Path, *, now: datetime, names: Sequence[str] = ("localhost", "127.0.0.1")
) -> CertificateFiles:
    """A new CA, a server certificate for `names` and a client certificate in `folder` (made if it is missing)."""
    folder.mkdir(parents=True, exist_ok=True)
    files = CertificateFiles.in_folder(folder)
    authority = Authority("kakehashi throw-away CA", now=now)
    authority.write(files.ca)
    authority.issue(files.server_certificate, files.server_key, names=names)
    authority.issue(files.client_certificate, files.client_key)
    authority.issue(folder / "listener.pem", folder / "listener.key", names=names)
    authority.issue(folder / "asker.pem", folder / "asker.key")
    return files


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    start: datetime,
    end: datetime,
    *,
    signer: ec.EllipticCurvePrivateKey | None = None,
) -> x509.CertificateBuilder:
    subject_id = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    authority_id = x509.AuthorityKeyIdentifier.from_issuer_public_key((signer or key).public_key())
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
        .add_extension(subject_id, critical=False)
        .add_extension(authority_id, critical=False)
    )


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _write_private(path: Path, key: ec.EllipticCurvePrivateKey) -> None:
    text = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(text)


def valid_until(file: Path) -> datetime | None:
    """The earliest end of all certificates of a PEM file; None where it cannot be read."""
    try:
        return min(each.not_valid_after_utc for each in x509.load_pem_x509_certificates(file.read_bytes()))
    except (OSError, ValueError):
        return None
