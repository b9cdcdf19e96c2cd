"""URLs are read, written and resolved as Go does it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.action.http.url import Part, URLError, escape, parse, split_host_port, unescape

TEXT = st.text("ab/?#%:@[].~ é*&=41zF", max_size=24).map(str.encode)


@pytest.mark.parametrize(
    ("raw", "host", "path", "query"),
    [
        (b"http://h:80/a/b?c#d", b"h:80", b"/a/b", b"c"),
        (b"//h/x", b"h", b"/x", b""),
        (b"///h/x", b"", b"///h/x", b""),
        (b"/a%20b", b"", b"/a b", b""),
        (b"*", b"", b"*", b""),
        (b"http://u:p@h", b"h", b"", b""),
        (b"http://[fe80::1%25lo]:8/", b"[fe80::1%lo]:8", b"/", b""),
        (b"http://b%C3%BCcher/", "bücher".encode(), b"/", b""),
    ],
)
def test_a_url_is_taken_apart(raw: bytes, host: bytes, path: bytes, query: bytes) -> None:
    url = parse(raw)

    assert (url.host, url.path, url.raw_query) == (host, path, query)
    assert bytes(url) == raw


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        (b":x", 'parse ":x": missing protocol scheme'),
        (b"a_b:c", 'parse "a_b:c": first path segment in URL cannot contain colon'),
        (b"/\x7f", 'parse "/\\x7f": net/url: invalid control character in URL'),
        (b"/%4", 'parse "/%4": invalid URL escape "%4"'),
        (b"/%zz%41", 'parse "/%zz%41": invalid URL escape "%zz"'),
        (b"/x#%zz", 'parse "/x#%zz": invalid URL escape "%zz"'),
        (b"http://h:x/", 'parse "http://h:x/": invalid port ":x" after host'),
        (b"http://[::1/", "parse \"http://[::1/\": missing ']' in host"),
        (b"http://[::1]x/", 'parse "http://[::1]x/": invalid port "x" after host'),
        (b"http://[1.2.3.4]/", 'parse "http://[1.2.3.4]/": invalid IP-literal'),
        (b"http://a^b/", 'parse "http://a^b/": invalid character "^" in host name'),
        (b"http://%41/", 'parse "http://%41/": invalid URL escape "%41"'),
        (b"http://a/b@c/", ""),
        (b"http://a b@c/", 'parse "http://a b@c/": net/url: invalid userinfo'),
    ],
)
def test_what_is_no_url_is_refused(raw: bytes, problem: str) -> None:
    if not problem:
        assert parse(raw).host == b"a"
        return

    with pytest.raises(URLError) as caught:
        parse(raw)

    assert str(caught.value) == problem


@pytest.mark.parametrize(
    ("reference", "resolved"),
    [
        (b"g", b"http://a/b/c/g"),
        (b"./g", b"http://a/b/c/g"),
        (b"g/", b"http://a/b/c/g/"),
        (b"/g", b"http://a/g"),
        (b"//g", b"http://g"),
        (b"?y", b"http://a/b/c/d;p?y"),
        (b"g?y#s", b"http://a/b/c/g?y#s"),
        (b"#s", b"http://a/b/c/d;p?q#s"),
        (b"", b"http://a/b/c/d;p?q"),
        (b".", b"http://a/b/c/"),
        (b"..", b"http://a/b/"),
        (b"../../../g", b"http://a/g"),
        (b"./g/.", b"http://a/b/c/g/"),
        (b"g:h", b"g:h"),
        (b"http:g", b"http:g"),
    ],
)
def test_references_are_resolved_as_rfc_3986_says(reference: bytes, resolved: bytes) -> None:
    assert bytes(parse(b"http://a/b/c/d;p?q").resolve(reference)) == resolved


@pytest.mark.parametrize(
    ("host", "parts"),
    [
        (b"h:80", (b"h", b"80")),
        (b"h", (b"h", b"")),
        (b"h:", (b"h", b"")),
        (b"h:x", (b"h:x", b"")),
        (b"[::1]:8", (b"::1", b"8")),
        (b"[::1]", (b"::1", b"")),
    ],
)
def test_host_and_port_are_told_apart(host: bytes, parts: tuple[bytes, bytes]) -> None:
    assert split_host_port(host) == parts


def test_passwords_and_names_are_escaped() -> None:
    assert bytes(parse(b"http://a%40:b%2F@h/")) == b"http://a%40:b%2F@h/"


def test_a_relative_path_is_never_written_like_a_scheme() -> None:
    assert bytes(parse(b"./a:b")) == b"./a:b"


@given(TEXT)
def test_what_is_escaped_is_unescaped_again(data: bytes) -> None:
    for part in (Part.PATH, Part.USER, Part.FRAGMENT):
        assert unescape(escape(data, part), part) == data


@given(TEXT)
def test_a_url_that_was_written_is_read_as_the_same_url(raw: bytes) -> None:
    try:
        url = parse(raw)
        written = bytes(url)
        again = parse(written)
    except URLError:
        return

    assert bytes(again) == written
