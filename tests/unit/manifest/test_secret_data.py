"""What a Secret holds once it is stored."""

from __future__ import annotations

from agent.manifest.secret_data import with_string_data
from agent.model.config_data import Secret


def test_string_data_wins_and_is_gone() -> None:
    secret = Secret(data={"a": "eA==", "b": "eQ=="}, string_data={"b": "z"})
    assert with_string_data(secret) == Secret(data={"a": "eA==", "b": "eg=="})


def test_a_secret_without_string_data_stays_as_it_is() -> None:
    secret = Secret(data={"a": "eA=="})
    assert with_string_data(secret) is secret
