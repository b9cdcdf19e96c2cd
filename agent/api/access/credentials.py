"""What proves who one is, as it is used: who is who, certificates and tokens as texts."""

from __future__ import annotations

import ssl

import msgspec

#: Who bears the certificate or the token that may do everything.
ADMIN, ADMIN_GROUP = "barepod-admin", "system:masters"
READER = "barepod-reader"


class Pair(msgspec.Struct, frozen=True):
    """A certificate and its key as PEM texts."""

    certificate: bytes
    key: bytes


class Keys(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that `folder` holds; tokens are texts."""

    folder: str
    authority: bytes
    admin: Pair
    admin_token: str
    reader_token: str

    def server_context(self) -> ssl.SSLContext:
        """TLS for the listener; a client may show a certificate of our authority."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(f"{self.folder}/server.crt", f"{self.folder}/server.key")
        context.load_verify_locations(cadata=self.authority.decode())
        context.verify_mode = ssl.CERT_OPTIONAL
        context.set_alpn_protocols(["http/1.1"])
        return context
