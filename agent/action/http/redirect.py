"""Where does a redirect lead (net/http Client.do, probe/http RedirectChecker)?"""

from __future__ import annotations

from agent.action.http import header
from agent.action.http.request import Request
from agent.action.http.text import quote
from agent.action.http.url import URL, URLError, parse

LIMIT = 10
_REDIRECTS = frozenset((301, 302, 303, 307, 308))


class LocationError(ValueError):
    """The Location header cannot be read; the text is Go's."""


def is_redirect(status: int) -> bool:
    """Tell whether a response of this status sends the client elsewhere, given a Location."""
    return status in _REDIRECTS


def follow(original: Request, last: Request, location: bytes) -> Request | None:
    """The request that a redirect asks for; None when it leads to another host name.

    `original` is the first request, whose headers go along; `last` the one just answered.
    Raises LocationError.
    """
    try:
        url = last.url.resolve(location)
    except URLError as exc:
        text = f"failed to parse Location header {quote(location)}: {exc}"
        raise LocationError(text) from exc
    if url.hostname != original.url.hostname:
        return None
    host = b""
    if last.host and last.host != last.url.host and not parse(location).scheme:
        host = last.host  # a name given by the user is kept on the same server only
    headers = dict(original.headers)
    referer = _referer(last.url, url, header.first(headers, b"Referer"))
    if referer:
        headers[b"Referer"] = (referer,)
    return Request(url, host, headers)


def _referer(last: URL, new: URL, explicit: bytes) -> bytes:
    if last.scheme == b"https" and new.scheme == b"http":
        return b""
    if explicit:
        return explicit
    text = bytes(last)
    if last.user is not None:
        text = text.replace(bytes(last.user) + b"@", b"", 1)
    return text


def shown(url: URL) -> bytes:
    """The URL as error messages show it: without the password."""
    text = bytes(url)
    if url.user is None or url.user.password is None:
        return text
    return text.replace(bytes(url.user) + b"@", url.user.name + b":***@", 1)
