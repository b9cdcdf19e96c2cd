"""How is TLS spoken to a server whose certificate nobody checks?

OpenSSL works on memory here, so that the bytes pass our own hands: only so can a plain HTTP server
be told from a broken TLS server, and named in Go's words. `ssl` is imported with this module,
which is imported by the first https handler only.
"""

from __future__ import annotations

import ssl

from agent.action.http.connection import READ_SIZE, Connection, Listener
from agent.action.resolve import literal

#: Texts of alerts (crypto/tls alertText): number, OpenSSL's name, Go's words.
_ALERTS = (
    (10, "UNEXPECTED_MESSAGE", "unexpected message"),
    (20, "BAD_RECORD_MAC", "bad record MAC"),
    (21, "DECRYPTION_FAILED", "decryption failed"),
    (22, "RECORD_OVERFLOW", "record overflow"),
    (30, "DECOMPRESSION_FAILURE", "decompression failure"),
    (40, "HANDSHAKE_FAILURE", "handshake failure"),
    (42, "BAD_CERTIFICATE", "bad certificate"),
    (43, "UNSUPPORTED_CERTIFICATE", "unsupported certificate"),
    (44, "CERTIFICATE_REVOKED", "revoked certificate"),
    (45, "CERTIFICATE_EXPIRED", "expired certificate"),
    (46, "CERTIFICATE_UNKNOWN", "unknown certificate"),
    (47, "ILLEGAL_PARAMETER", "illegal parameter"),
    (48, "UNKNOWN_CA", "unknown certificate authority"),
    (49, "ACCESS_DENIED", "access denied"),
    (50, "DECODE_ERROR", "error decoding message"),
    (51, "DECRYPT_ERROR", "error decrypting message"),
    (60, "EXPORT_RESTRICTION", "export restriction"),
    (70, "PROTOCOL_VERSION", "protocol version not supported"),
    (71, "INSUFFICIENT_SECURITY", "insufficient security level"),
    (80, "INTERNAL_ERROR", "internal error"),
    (86, "INAPPROPRIATE_FALLBACK", "inappropriate fallback"),
    (90, "USER_CANCELLED", "user canceled"),
    (100, "NO_RENEGOTIATION", "no renegotiation"),
    (109, "MISSING_EXTENSION", "missing extension"),
    (110, "UNSUPPORTED_EXTENSION", "unsupported extension"),
    (111, "CERTIFICATE_UNOBTAINABLE", "certificate unobtainable"),
    (112, "UNRECOGNIZED_NAME", "unrecognized name"),
    (113, "BAD_CERTIFICATE_STATUS_RESPONSE", "bad certificate status response"),
    (114, "BAD_CERTIFICATE_HASH_VALUE", "bad certificate hash value"),
    (115, "UNKNOWN_PSK_IDENTITY", "unknown PSK identity"),
    (116, "CERTIFICATE_REQUIRED", "certificate required"),
    (120, "NO_APPLICATION_PROTOCOL", "no application protocol"),
    (121, "ECH_REQUIRED", "encrypted client hello required"),
)
_ALERT, _HANDSHAKE, _SSLV2 = 21, 22, 0x80
_IMPLAUSIBLE_MAJOR = 0x10
_FATAL = 2
_HEADER = 5  # bytes before each record: type, version, length
_MAX_PLAIN_NAME = 255


def make_context() -> ssl.SSLContext:
    """The settings of all https handlers: TLS 1.2 or newer, nothing is verified.

    Only HTTP/1.1 is offered; a server that speaks nothing but HTTP/2 refuses us.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("DEFAULT:@SECLEVEL=0")  # small keys are no worse than no verification
    context.set_alpn_protocols(["http/1.1"])
    return context


def server_name(host: str) -> bytes | None:
    """What the hello calls the server: names only, never addresses."""
    name = host.rstrip(".")
    if not name or len(name) > _MAX_PLAIN_NAME or not name.isascii() or literal(name):
        return None
    return name.encode("ascii")


class TLSStream:
    """A listener between a connection and its owner: shakes hands, then encrypts and decrypts.

    A failed handshake is a broken connection to the owner.
    """

    __slots__ = ("_connection", "_incoming", "_outgoing", "_owner", "_records", "_request", "_tls")

    def __init__(self, context: ssl.SSLContext, host: str, owner: Listener, request: bytes) -> None:
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = context.wrap_bio(
            self._incoming, self._outgoing, server_hostname=server_name(host)
        )
        self._owner = owner
        self._request = request
        self._records: _Records | None = _Records()  # None: the handshake is done
        self._connection: Connection | None = None

    @property
    def is_secure(self) -> bool:
        """Whether the handshake is done."""
        return self._records is None

    def open(self, connection: Connection) -> None:
        """Connect and send the hello."""
        self._connection = connection
        self._is_shaken()
        connection.open(self._outgoing.read(), no_delay=True)

    def received(self, data: bytes) -> None:
        if self._records is not None:
            checked = self._records.check(data)
            if isinstance(checked, str):
                self._fail(checked)
                return
            data = checked
        self._incoming.write(data)
        try:
            if self._records is not None and not self._shake():
                return
            while True:
                self._owner.received(self._tls.read(READ_SIZE))
                if self._is_closed():
                    return
        except ssl.SSLWantReadError:
            self._send()
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            self._close()
            self._owner.ended()
        except ssl.SSLError as exc:
            self._fail(_text(exc))

    def ended(self) -> None:
        if self._records is None:
            self._owner.ended()  # also without a closing alert, as Go does
        else:
            self._owner.broken("EOF" if self._records.is_complete else "unexpected EOF")

    def unreachable(self, text: str) -> None:
        self._owner.unreachable(text)

    def exhausted(self, text: str) -> None:
        self._owner.exhausted(text)

    def broken(self, text: str) -> None:
        self._owner.broken(text)

    def _shake(self) -> bool:
        """Go on with the handshake; at its end the request is sent."""
        if not self._is_shaken():
            self._send()
            return False
        self._records = None
        self._tls.write(self._request)
        self._send()
        return not self._is_closed()

    def _is_shaken(self) -> bool:
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return False
        return True

    def _send(self) -> None:
        data = self._outgoing.read()
        if data and self._connection is not None and not self._connection.is_closed:
            self._connection.send(data)

    def _is_closed(self) -> bool:
        return self._connection is None or self._connection.is_closed

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()

    def _fail(self, text: str) -> None:
        echo = self._connection is not None and self._connection.is_own_echo()
        if echo and self._connection is not None:
            text = self._connection.refused()
        self._close()
        self._owner.broken(text)


class _Records:
    """Watches the records of a handshake pass by."""

    __slots__ = ("_due", "_held", "_is_known", "_partial")

    def __init__(self) -> None:
        self._held = b""  # until the first record is known to be one
        self._is_known = False
        self._partial = b""  # of a header
        self._due = 0  # bytes of the current record to come

    @property
    def is_complete(self) -> bool:
        """Whether no record has begun that has not ended."""
        return not (self._held or self._partial or self._due)

    def check(self, data: bytes) -> bytes | str:
        """The bytes for OpenSSL, or the text of what is wrong with them."""
        if not self._is_known:
            self._held += data
            self._is_known, problem = _examine(self._held)
            if problem or not self._is_known:
                return problem or b""
            data, self._held = self._held, b""
        self._follow(data)
        return data

    def _follow(self, data: bytes) -> None:
        while data:
            if self._due:
                step = min(self._due, len(data))
                self._due -= step
                data = data[step:]
                continue
            need = _HEADER - len(self._partial)
            self._partial += data[:need]
            data = data[need:]
            if len(self._partial) == _HEADER:
                self._due = int.from_bytes(self._partial[3:], "big")
                self._partial = b""


def _examine(start: bytes) -> tuple[bool, str]:
    """Whether the first record is known to be TLS, or what is wrong (crypto/tls readRecordOrCCS).

    Neither while the bytes do not suffice.
    """
    if len(start) < _HEADER:
        return False, ""
    if start[:_HEADER] == b"HTTP/":
        return False, "http: server gave HTTP response to HTTPS client"
    if start[0] == _SSLV2:
        return False, "tls: unsupported SSLv2 handshake received"
    if start[0] not in (_ALERT, _HANDSHAKE) or start[1] >= _IMPLAUSIBLE_MAJOR:
        return False, "tls: first record does not look like a TLS handshake"
    if start[0] == _HANDSHAKE:
        return True, ""
    return _examine_alert(start[_HEADER:])


def _examine_alert(body: bytes) -> tuple[bool, str]:
    if len(body) < 2:
        return False, ""
    level, number = body[0], body[1]
    if number == 0:
        return False, "EOF"
    if level != _FATAL:
        return True, ""
    return False, _remote(next((a[2] for a in _ALERTS if a[0] == number), f"alert({number})"))


def _remote(words: str) -> str:
    return f"remote error: tls: {words}"


def _text(error: ssl.SSLError) -> str:
    """Go's words for OpenSSL's error: exact for alerts, close for the rest."""
    reason = error.reason or ""
    for _, name, words in _ALERTS:
        if reason.endswith(name) and reason.startswith(("TLSV1_", "TLSV13_", "SSLV3_")):
            return _remote(words)
    return f"tls: {reason.replace('_', ' ').lower() or 'handshake failure'}"
