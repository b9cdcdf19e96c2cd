"""Who asks? A token, a certificate, or the user at the other end of the local socket."""

from __future__ import annotations

import hmac
import ssl
from collections.abc import Mapping
from typing import Any

from agent.api.access.credentials import ADMIN, ADMIN_GROUP, READER
from agent.api.machinery.call import User

_LONGEST = 4096


class Tokens:
    """The tokens that are known; none is told apart by how long its comparison takes."""

    def __init__(self, admin: str, reader: str) -> None:
        self._users = (
            (admin.encode(), User(ADMIN, (ADMIN_GROUP,))),
            (reader.encode(), User(READER, is_reader=True)),
        )

    def user(self, authorization: str) -> User | None:
        """Whose `Authorization: Bearer TOKEN` this is."""
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or len(token) > _LONGEST:
            return None
        given = token.strip().encode("utf-8", "surrogateescape")
        found: User | None = None
        for known, user in self._users:
            if hmac.compare_digest(given, known):
                found = user
        return found


def certified(peer: Mapping[str, Any] | None) -> User | None:
    """Whose certificate this is; TLS has verified it against our own authority."""
    if not peer:
        return None
    parts = {key: value for group in peer.get("subject", ()) for key, value in group}
    name = parts.get("commonName", "")
    if not name:
        return None
    groups = (parts["organizationName"],) if "organizationName" in parts else ()
    return User(name, groups, is_reader=ADMIN_GROUP not in groups)


def peer_certificate(transport: Any) -> Mapping[str, Any] | None:
    """The certificate that the client has shown on this connection, if any."""
    found = transport.get_extra_info("ssl_object")
    if not isinstance(found, ssl.SSLObject):
        return None
    return found.getpeercert()
