"""A redirect makes the next request, or none."""

from __future__ import annotations

from agent.action.http.header import first
from agent.action.http.redirect import follow, is_redirect, shown
from agent.action.http.request import Request
from agent.action.http.url import parse


def request(url: bytes, host: bytes = b"") -> Request:
    return Request(parse(url), host, {b"Accept": (b"*/*",)})


def test_five_statuses_are_redirects() -> None:
    assert [s for s in range(100, 600) if is_redirect(s)] == [301, 302, 303, 307, 308]


def test_a_secure_page_is_not_told_to_a_plain_one() -> None:
    secure = request(b"https://h/secret")

    followed = follow(secure, secure, b"http://h/")

    assert followed is not None
    assert first(followed.headers, b"Referer") == b""


def test_headers_of_the_first_request_go_along_at_each_hop() -> None:
    original, last = request(b"http://h/1"), Request(parse(b"http://h/2"), b"", {})

    followed = follow(original, last, b"3")

    assert followed is not None
    assert first(followed.headers, b"Accept") == b"*/*"
    assert first(followed.headers, b"Referer") == b"http://h/2"


def test_another_host_is_compared_with_the_first_one() -> None:
    original, last = request(b"http://h:1/"), request(b"http://h:2/")

    assert follow(original, last, b"//other/") is None
    assert follow(original, last, b"//h:3/") is not None


def test_messages_show_no_password() -> None:
    assert shown(parse(b"http://u:secret@h/")) == b"http://u:***@h/"
    assert shown(parse(b"http://u@h/")) == b"http://u@h/"
