"""A listener's TLS as the files in the folder of the keys want it."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent.api.access.credentials import Keys, Pair
from agent.api.access.keys import load_or_make


def test_a_listener_takes_certificates_of_its_authority_and_old_tls_never(tmp_path: Path) -> None:
    keys = load_or_make(str(tmp_path / "pki"), ("localhost",), datetime(2026, 1, 1, tzinfo=UTC))

    context = keys.server_context()

    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert context.verify_mode is ssl.CERT_OPTIONAL
    assert context.cert_store_stats()["x509_ca"] == 1


def test_a_folder_without_a_server_certificate_is_an_error(tmp_path: Path) -> None:
    keys = Keys(
        folder=str(tmp_path),
        authority=b"",
        admin=Pair(b"", b""),
        admin_token="a",
        reader_token="r",
    )

    with pytest.raises(FileNotFoundError):
        keys.server_context()
