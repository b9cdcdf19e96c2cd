"""What does a URL mean, as Go reads it (net/url)?

Everything is bytes: Go's strings are, and escaping works on them. Only the parts that a client
needs are here; reading and writing agree with Go byte for byte, errors included.
"""

from __future__ import annotations

from enum import Enum

import msgspec

from agent.action.http.ipaddr import AddressError, is_ipv4
from agent.action.http.text import quote

_ALNUM = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
_PLAIN = _ALNUM + b"-_.~"
_HEX = b"0123456789abcdefABCDEF"
_SCHEME = _ALNUM + b"+-."
_USERINFO = _PLAIN + b":!$&'()*+,;=%@"
_CONTROL = bytes(range(32)) + b"\x7f"


class Part(Enum):
    """A part of a URL; the value holds the bytes that it need not escape."""

    PATH = _PLAIN + b"$&+,/:;=@"
    HOST = _PLAIN + b"!$&'()*+,;=:[]<>\""
    ZONE = b"!$&'()*+,;=:[]<>\"" + _PLAIN  # of an IPv6 address: as HOST, but other escapes
    USER = _PLAIN + b"$&+,;="
    FRAGMENT = _PLAIN + b"$&+,/:;=?@!()*"


#: What a path or fragment may also hold without being escaped anew.
_TOLERATED = b"!$&'()*+,;=:@[]%"


class URLError(ValueError):
    """Not a URL; the text is Go's."""


class User(msgspec.Struct, frozen=True):
    """Name and password before the `@`, unescaped; None means that there was no colon."""

    name: bytes
    password: bytes | None = None

    def __bytes__(self) -> bytes:
        name = escape(self.name, Part.USER)
        if self.password is None:
            return name
        return name + b":" + escape(self.password, Part.USER)


class URL(msgspec.Struct, frozen=True, kw_only=True):
    """A URL reference in its parts (net/url URL); `path` is unescaped, `raw_path` is the hint."""

    scheme: bytes = b""
    opaque: bytes = b""
    user: User | None = None
    host: bytes = b""  # host or host:port
    path: bytes = b""
    raw_path: bytes = b""
    omit_host: bool = False
    force_query: bool = False
    raw_query: bytes = b""
    fragment: bytes = b""
    raw_fragment: bytes = b""

    @property
    def hostname(self) -> bytes:
        """The host without port and brackets."""
        return split_host_port(self.host)[0]

    @property
    def port(self) -> bytes:
        """The digits after the colon; empty when there are none."""
        return split_host_port(self.host)[1]

    @property
    def escaped_path(self) -> bytes:
        """The path as it is written: the hint where that is a valid escaping of the path."""
        if self.raw_path and _is_escaping(self.raw_path, self.path, Part.PATH):
            return self.raw_path
        return b"*" if self.path == b"*" else escape(self.path, Part.PATH)

    @property
    def escaped_fragment(self) -> bytes:
        """The fragment as it is written."""
        if self.raw_fragment and _is_escaping(self.raw_fragment, self.fragment, Part.FRAGMENT):
            return self.raw_fragment
        return escape(self.fragment, Part.FRAGMENT)

    @property
    def request_uri(self) -> bytes:
        """What stands in the request line (URL.RequestURI)."""
        target = self.opaque or self.escaped_path or b"/"
        if self.opaque.startswith(b"//"):
            target = self.scheme + b":" + target
        return target + self._query()

    def __bytes__(self) -> bytes:
        start = self.scheme + b":" if self.scheme else b""
        fragment = b"#" + self.escaped_fragment if self.fragment else b""
        if self.opaque:
            return start + self.opaque + self._query() + fragment
        start += self._authority()
        path = self.escaped_path
        if path and path[:1] != b"/" and self.host:
            start += b"/"
        if not start and b":" in path.partition(b"/")[0]:
            start = b"./"  # else the first segment would be read as a scheme
        return start + path + self._query() + fragment

    def _query(self) -> bytes:
        return b"?" + self.raw_query if self.force_query or self.raw_query else b""

    def _authority(self) -> bytes:
        named = self.host or self.user is not None
        if not named and (self.omit_host or not self.scheme or not self.path):
            return b""
        user = b"" if self.user is None else bytes(self.user) + b"@"
        return b"//" + user + escape(self.host, Part.HOST)

    def with_path(self, escaped: bytes) -> URL:
        """The same URL with another path, which is given as it is written."""
        path = unescape(escaped, Part.PATH)
        raw = b"" if escape(path, Part.PATH) == escaped else escaped
        return msgspec.structs.replace(self, path=path, raw_path=raw)

    def resolve(self, reference: bytes) -> URL:
        """Read a reference in the context of this URL (URL.Parse); raises URLError."""
        return _resolve(self, parse(reference))


def escape(data: bytes, part: Part) -> bytes:
    """Percent-encode what the part may not hold."""
    safe: bytes = part.value
    if not data.translate(None, safe):
        return data
    return b"".join(bytes((c,)) if c in safe else b"%%%02X" % c for c in data)


def unescape(data: bytes, part: Part) -> bytes:
    """Decode percent-encoding; raises URLError for what Go refuses in that part."""
    if part is Part.HOST or part is Part.ZONE:
        _check_host(data, part)
    pieces = data.split(b"%")
    decoded = [pieces[0]]
    for piece in pieces[1:]:
        digits = piece[:2]
        if len(digits) < 2 or digits.translate(None, _HEX):
            # Go shows three bytes; the piece ends where the next percent sign begins.
            rest = b"%" + b"%".join([piece, *pieces[len(decoded) + 1 :]])
            raise URLError(f"invalid URL escape {quote(rest[:3])}")
        decoded.append(bytes((int(digits, 16),)) + piece[2:])
    return b"".join(decoded)


def _check_host(data: bytes, part: Part) -> None:
    index = 0
    safe: bytes = part.value
    while index < len(data):
        char = data[index]
        if char != ord("%"):
            if char < 0x80 and char not in safe:
                raise URLError(f"invalid character {quote(data[index : index + 1])} in host name")
            index += 1
            continue
        code = data[index : index + 3]
        if len(code) < 3 or code[1:].translate(None, _HEX):
            raise URLError(f"invalid URL escape {quote(code)}")
        value = int(code[1:], 16)
        # A host may escape what is not ASCII; a zone also what it might hold unescaped anyway.
        refused = value < 0x80 if part is Part.HOST else value != ord(" ") and value not in safe
        if refused and code != b"%25":
            raise URLError(f"invalid URL escape {quote(code)}")
        index += 3


def _is_escaping(raw: bytes, decoded: bytes, part: Part) -> bool:
    """Tell whether `raw` is a valid way to write `decoded`."""
    safe: bytes = part.value
    if raw.translate(None, safe + _TOLERATED):
        return False
    try:
        return unescape(raw, part) == decoded
    except URLError:
        return False


def split_host_port(host: bytes) -> tuple[bytes, bytes]:
    """Host without brackets, and the digits of the port if it has a valid one."""
    name, colon, port = host.rpartition(b":")
    if not colon or port.translate(None, b"0123456789"):
        name, port = host, b""
    if name[:1] == b"[" and name[-1:] == b"]":
        name = name[1:-1]
    return name, port


def parse(raw: bytes) -> URL:
    """Read a URL or a relative reference (net/url Parse); raises URLError."""
    text, _, fragment = raw.partition(b"#")
    try:
        url = _parse(text)
    except URLError as exc:
        raise URLError(f"parse {quote(text)}: {exc}") from exc
    if not fragment:
        return url
    try:
        decoded = unescape(fragment, Part.FRAGMENT)
    except URLError as exc:
        raise URLError(f"parse {quote(raw)}: {exc}") from exc
    hint = b"" if escape(decoded, Part.FRAGMENT) == fragment else fragment
    return msgspec.structs.replace(url, fragment=decoded, raw_fragment=hint)


def _parse(text: bytes) -> URL:
    if len(text.translate(None, _CONTROL)) != len(text):
        raise URLError("net/url: invalid control character in URL")
    if text == b"*":
        return URL(path=b"*")
    scheme, rest = _scheme(text)
    if rest.endswith(b"?") and rest.count(b"?") == 1:
        rest, query, force_query = rest[:-1], b"", True
    else:
        rest, _, query = rest.partition(b"?")
        force_query = False
    url = URL(scheme=scheme.lower(), raw_query=query, force_query=force_query)
    if rest[:1] != b"/":
        if scheme:
            return msgspec.structs.replace(url, opaque=rest)
        if b":" in rest.partition(b"/")[0]:
            raise URLError("first path segment in URL cannot contain colon")
    if rest[:2] == b"//" and (scheme or rest[:3] != b"///"):
        authority, slash, path = rest[2:].partition(b"/")
        user, host = _parse_authority(authority)
        return msgspec.structs.replace(url, user=user, host=host).with_path(slash + path)
    return msgspec.structs.replace(url, omit_host=bool(scheme) and rest[:1] == b"/").with_path(rest)


def _scheme(text: bytes) -> tuple[bytes, bytes]:
    scheme, colon, rest = text.partition(b":")
    if colon and not scheme:
        raise URLError("missing protocol scheme")
    if not colon or scheme.translate(None, _SCHEME) or not scheme[:1].isalpha():
        return b"", text
    return scheme, rest


def _parse_authority(authority: bytes) -> tuple[User | None, bytes]:
    info, at, host = authority.rpartition(b"@")
    host = _parse_host(host)
    if not at:
        return None, host
    if info.translate(None, _USERINFO):
        raise URLError("net/url: invalid userinfo")
    name, colon, password = info.partition(b":")
    user = User(unescape(name, Part.USER), unescape(password, Part.USER) if colon else None)
    return user, host


def _parse_host(host: bytes) -> bytes:
    opening = host.rfind(b"[")
    if opening < 0:
        colon = host.rfind(b":")
        if colon >= 0:
            _check_port(host[colon:])
        return unescape(host, Part.HOST)
    closing = host.rfind(b"]")
    if closing < 0:
        raise URLError("missing ']' in host")
    _check_port(host[closing + 1 :])
    name, percent, zone = host[opening + 1 : closing].partition(b"%25")
    literal = unescape(name, Part.HOST) + unescape(percent + zone, Part.ZONE)
    try:
        if is_ipv4(literal):
            raise URLError("invalid IP-literal")
    except AddressError as exc:
        raise URLError(f"invalid host: {exc}") from exc
    return b"[" + literal + b"]" + host[closing + 1 :]


def _check_port(port: bytes) -> None:
    if port and (port[:1] != b":" or port[1:].translate(None, b"0123456789")):
        raise URLError(f"invalid port {quote(port)} after host")


def _resolve(base: URL, ref: URL) -> URL:
    """Apply RFC 3986 section 5.2 (URL.ResolveReference)."""
    url = ref if ref.scheme else msgspec.structs.replace(ref, scheme=base.scheme)
    if ref.scheme or ref.host or ref.user is not None:
        return url.with_path(_resolve_path(ref.escaped_path, b""))
    if ref.opaque:
        return msgspec.structs.replace(url, user=None, host=b"", path=b"")
    if not ref.path and not ref.force_query and not ref.raw_query:
        url = msgspec.structs.replace(url, raw_query=base.raw_query)
        if not ref.fragment:
            url = msgspec.structs.replace(
                url, fragment=base.fragment, raw_fragment=base.raw_fragment
            )
    if not ref.path and base.opaque:
        return msgspec.structs.replace(url, opaque=base.opaque, user=None, host=b"", path=b"")
    url = msgspec.structs.replace(url, host=base.host, user=base.user)
    return url.with_path(_resolve_path(base.escaped_path, ref.escaped_path))


def _resolve_path(base: bytes, ref: bytes) -> bytes:
    if not ref:
        full = base
    elif ref[:1] == b"/":
        full = ref
    else:
        full = base[: base.rfind(b"/") + 1] + ref
    if not full:
        return b""
    # Built as text and not as a list of segments: what Go does with empty segments after "."
    # and ".." depends on the slashes written so far.
    built, first = b"", True
    segments = full.split(b"/")
    for segment in segments:
        if segment == b"..":
            cut = built.rfind(b"/")
            built, first = (built[:cut], first) if cut >= 0 else (b"", True)
        elif segment == b".":
            first = False
        else:
            built += segment if first else b"/" + segment
            first = False
    built = b"/" + built + (b"/" if segments[-1] in (b".", b"..") else b"")
    return built[1:] if built[1:2] == b"/" else built
