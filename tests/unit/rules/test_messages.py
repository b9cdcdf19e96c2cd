"""Texts about containers: what the conformance tables leave open."""

from __future__ import annotations

from agent.model.status import ContainerStatus, PodStatus
from agent.rules import messages
from tests.support.lifecycle import pod


def test_a_container_that_is_stopped_for_no_special_reason() -> None:
    assert messages.stopping("web") == "Stopping container web"


def test_a_pod_is_named_by_name_namespace_and_uid() -> None:
    assert messages.pod_reference(pod()) == "web_default(u-1)"


def test_bytes_that_are_no_text_do_not_get_in_the_way() -> None:
    assert messages.termination_message(b"\xffbye") == "\ufffdbye"
    assert messages.log_tail([b"\xffbye\n"]) == "\ufffdbye\n"


def test_a_status_without_messages_stays_as_it_is() -> None:
    status = PodStatus(container_statuses=(ContainerStatus(name="web"),))

    assert messages.limit_messages(pod(), status) == status
