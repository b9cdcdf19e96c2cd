"""Names, keys and values, with the messages of the API server."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.manifest.validation import names


@pytest.mark.parametrize("text", ["a", "a1", "1-a", "x" * 63])
def test_labels(text: str) -> None:
    assert names.dns_label(text) == []


@pytest.mark.parametrize("text", ["", "A", "-a", "a-", "a_b", "é", "a\n"])
def test_no_labels(text: str) -> None:
    (message,) = names.dns_label(text)
    assert message.startswith("a lowercase RFC 1123 label must consist of")


def test_lengths_count_bytes() -> None:
    assert names.dns_label("x" * 64) == ["must be no more than 63 characters"]
    assert names.label_value("é" * 32)[0] == "must be no more than 63 characters"


@pytest.mark.parametrize(
    ("text", "valid"),
    [("a.b-c", True), ("a..b", False), (".a", False), ("a.b.", False), ("x" * 253, True)],
)
def test_subdomains(text: str, valid: bool) -> None:
    assert (names.dns_subdomain(text) == []) is valid


@pytest.mark.parametrize("text", ["_sip._tcp.a_b", "a"])
def test_search_domains_may_have_underscores(text: str) -> None:
    assert names.dns_search(text) == []


@pytest.mark.parametrize("text", ["a_", "__a", "-a", "", "x" * 254 + "."])
def test_no_search_domains(text: str) -> None:
    assert names.dns_search(text)


def test_what_will_be_continued_may_end_in_a_dash() -> None:
    assert names.dns_subdomain_prefix("job-") == []
    assert names.dns_subdomain_prefix("-")
    assert names.dns_subdomain_prefix("job.")


@pytest.mark.parametrize("key", ["a", "A_b.c-d", "example.com/X", "a" * 63])
def test_qualified_names(key: str) -> None:
    assert names.qualified_name(key) == []


@pytest.mark.parametrize(
    ("key", "beginnings"),
    [
        ("", ["name part must be non-empty", "name part must consist of"]),
        ("a/", ["name part must be non-empty", "name part must consist of"]),
        ("/a", ["prefix part must be non-empty"]),
        ("A/b c", ["prefix part a lowercase", "name part must consist of"]),
        ("x" * 64, ["name part must be no more than 63 characters"]),
        ("x" * 254 + "/a", ["prefix part must be no more than 253 characters"]),
        ("a/b/c", ["a qualified name must consist of"]),
    ],
)
def test_no_qualified_names(key: str, beginnings: list[str]) -> None:
    messages = names.qualified_name(key)

    assert len(messages) == len(beginnings)
    assert all(map(str.startswith, messages, beginnings))


@pytest.mark.parametrize(
    ("key", "messages"),
    [
        ("a.b_c-1", []),
        (".", ["must not be '.'"]),
        ("..", ["must not be '..'"]),
        ("..a", ["must not start with '..'"]),
        ("x" * 254, ["must be no more than 253 characters"]),
    ],
)
def test_config_keys(key: str, messages: list[str]) -> None:
    assert names.config_key(key) == messages


@pytest.mark.parametrize("name", ["A", "a b", "1-x.y/z", "~"])
def test_variables_may_have_almost_any_name(name: str) -> None:
    assert names.env_name(name) == []


@pytest.mark.parametrize("name", ["A=B", "é", "a\tb", "\x7f"])
def test_no_variables(name: str) -> None:
    assert len(names.env_name(name)) == 1


def test_a_variable_without_a_name() -> None:
    assert names.env_name("") == ["environment variable name must be non-empty"]


@pytest.mark.parametrize(
    ("path", "messages"),
    [
        ("a/b", []),
        ("...", ["must not start with '..'"]),
        ("../a", ["must not contain '..'"]),
        ("/..", ["must be a relative path", "must not contain '..'"]),
    ],
)
def test_paths_below_a_directory(path: str, messages: list[str]) -> None:
    assert names.free_path(path) == messages


@given(st.text())
def test_any_text_gets_an_answer(text: str) -> None:
    for rule in (
        names.dns_label,
        names.dns_subdomain,
        names.dns_subdomain_prefix,
        names.dns_search,
        names.qualified_name,
        names.label_value,
        names.port_name,
        names.env_name,
        names.config_key,
        names.http_header_name,
        names.free_path,
    ):
        assert len(rule(text)) == len(set(rule(text)))


@given(st.from_regex(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", fullmatch=True))
def test_a_label_is_good_for_everything(text: str) -> None:
    assert names.dns_label(text) == names.dns_subdomain(text) == names.dns_search(text) == []
    assert names.qualified_name(text) == names.label_value(text) == names.config_key(text) == []
