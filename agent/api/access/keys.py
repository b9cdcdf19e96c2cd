"""What proves who one is: a self-signed authority, certificates signed by it, bearer tokens.

Made at first start, like the kubelet's pair (kubelet: --cert-dir). Imports cryptography (5 MB):
import this late.
"""

from __future__ import annotations

import ipaddress
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from agent.api.access.credentials import ADMIN, ADMIN_GROUP, Keys, Pair
from agent.host import files

#: How long certificates are good for; they are made anew when a month is left.
_LIFETIME = timedelta(days=3650)
_RENEWAL = timedelta(days=30)
_SKEW = timedelta(minutes=5)
_TOKEN_BYTES = 32

_Key = ec.EllipticCurvePrivateKey


def load_or_make(folder: str, names: Iterable[str], now: datetime) -> Keys:
    """The keys in a private directory; what is missing or about to lapse is made. OSError.

    `names` are host names and addresses by which the server is reached.
    """
    files.private_directory(folder)
    authority, authority_key = _authority(folder, now)
    _server(folder, authority, authority_key, tuple(dict.fromkeys(names)), now)
    admin = _client(folder, "admin", authority, authority_key, now)
    return Keys(
        folder=folder,
        authority=_pem(authority),
        admin=admin,
        admin_token=_token(f"{folder}/admin.token"),
        reader_token=_token(f"{folder}/reader.token"),
    )


def _authority(folder: str, now: datetime) -> tuple[x509.Certificate, _Key]:
    found = _load(folder, "ca", now)
    if found is not None:
        return found
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name(f"barepod-ca@{int(now.timestamp())}")
    usage = x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=True,
        crl_sign=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
    builder = _builder(name, name, key, now).add_extension(
        x509.BasicConstraints(ca=True, path_length=0), critical=True
    )
    builder = builder.add_extension(usage, critical=True)
    certificate = builder.sign(key, hashes.SHA256())
    _save(folder, "ca", certificate, key)
    return certificate, key


def _server(
    folder: str,
    authority: x509.Certificate,
    authority_key: _Key,
    names: tuple[str, ...],
    now: datetime,
) -> None:
    wanted = [_general_name(name) for name in names]
    found = _load(folder, "server", now)
    if found is not None and _is_signed(found[0], authority) and _names(found[0]) == wanted:
        return
    key = ec.generate_private_key(ec.SECP256R1())
    builder = _builder(_name("barepod"), authority.subject, key, now)
    builder = builder.add_extension(x509.SubjectAlternativeName(wanted), critical=False)
    builder = _for(builder, ExtendedKeyUsageOID.SERVER_AUTH)
    _save(folder, "server", builder.sign(authority_key, hashes.SHA256()), key)


def _client(
    folder: str, name: str, authority: x509.Certificate, authority_key: _Key, now: datetime
) -> Pair:
    found = _load(folder, name, now)
    if found is None or not _is_signed(found[0], authority):
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder(_name(ADMIN, ADMIN_GROUP), authority.subject, key, now)
        builder = _for(builder, ExtendedKeyUsageOID.CLIENT_AUTH)
        found = builder.sign(authority_key, hashes.SHA256()), key
        _save(folder, name, *found)
    return Pair(_pem(found[0]), _key_pem(found[1]))


def _builder(
    subject: x509.Name, issuer: x509.Name, key: _Key, now: datetime
) -> x509.CertificateBuilder:
    builder = x509.CertificateBuilder(subject_name=subject, issuer_name=issuer)
    builder = builder.public_key(key.public_key()).serial_number(x509.random_serial_number())
    return builder.not_valid_before(now - _SKEW).not_valid_after(now + _LIFETIME)


def _for(
    builder: x509.CertificateBuilder, purpose: x509.ObjectIdentifier
) -> x509.CertificateBuilder:
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), True)
    return builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)


def _name(common: str, organization: str = "") -> x509.Name:
    parts = [x509.NameAttribute(NameOID.COMMON_NAME, common)]
    if organization:
        parts.insert(0, x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization))
    return x509.Name(parts)


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _names(certificate: x509.Certificate) -> list[x509.GeneralName]:
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return []
    return list(found.value)


def _is_signed(certificate: x509.Certificate, authority: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(authority)
    except (ValueError, TypeError) as exc:
        del exc  # another authority's
        return False
    except Exception:  # noqa: BLE001 - InvalidSignature has no common base with the others
        return False
    return True


def _load(folder: str, name: str, now: datetime) -> tuple[x509.Certificate, _Key] | None:
    """A pair that is there and good for a while; None when it has to be made."""
    try:
        certificate = x509.load_pem_x509_certificate(Path(f"{folder}/{name}.crt").read_bytes())
        key = serialization.load_pem_private_key(Path(f"{folder}/{name}.key").read_bytes(), None)
    except (FileNotFoundError, ValueError):
        return None
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        return None
    is_pair = certificate.public_key() == key.public_key()
    if not is_pair or certificate.not_valid_after_utc < now + _RENEWAL:
        return None
    return certificate, key


def _save(folder: str, name: str, certificate: x509.Certificate, key: _Key) -> None:
    files.write_atomically(f"{folder}/{name}.key", _key_pem(key), durable=True)
    files.write_atomically(f"{folder}/{name}.crt", _pem(certificate), durable=True)


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_pem(key: _Key) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _token(path: str) -> str:
    """The token in a file; made if there is none worth the name."""
    try:
        found = Path(path).read_text(encoding="ascii").strip()
    except (FileNotFoundError, UnicodeDecodeError):
        found = ""
    if len(found) >= _TOKEN_BYTES:
        Path(path).chmod(0o600)
        return found
    made = secrets.token_urlsafe(_TOKEN_BYTES)
    files.write_atomically(path, f"{made}\n".encode(), durable=True)
    return made
