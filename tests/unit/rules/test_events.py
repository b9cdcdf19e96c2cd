"""Events are named, counted, combined and limited, and no count is ever lost."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from agent.model.event import Event, EventSource
from agent.model.meta import ObjectMeta, ObjectReference
from agent.rules import events

START = datetime(2025, 6, 1, 12, tzinfo=UTC)
START_NS = round(START.timestamp()) * 10**9
WEB = ObjectReference(kind="Pod", namespace="default", name="web", uid="u-1", api_version="v1")


class Recorder:
    """Feeds a correlator as the agent does; `at` are seconds from the start."""

    def __init__(self) -> None:
        self.correlator = events.Correlator()

    def record(
        self, message: str, at: float = 0, *, reason: str = "Failed", about: ObjectReference = WEB
    ) -> Event | None:
        now = START + timedelta(seconds=at)
        name = events.event_name(about.name, START_NS + round(at * 10**9))
        event = Event(
            metadata=ObjectMeta(name=name, namespace="default"),
            involved_object=about,
            reason=reason,
            message=message,
            source=EventSource(component="kubelet", host="n1"),
            first_timestamp=now,
            last_timestamp=now,
            count=1,
            type="Warning",
        )
        return self.correlator.correlate(event, now.timestamp())

    def recorded(self, message: str, at: float = 0) -> Event:
        event = self.record(message, at)
        assert event is not None
        return event


def test_a_repeated_event_keeps_its_name_and_beginning() -> None:
    recorder = Recorder()

    first = recorder.recorded("boom", 0)
    second = recorder.recorded("boom", 90)

    assert second.metadata.name == first.metadata.name
    assert (second.first_timestamp, second.last_timestamp, second.count) == (
        START,
        START + timedelta(seconds=90),
        2,
    )


def test_the_tenth_different_message_is_combined_and_the_next_ones_with_it() -> None:
    recorder = Recorder()
    for number in range(9):
        recorder.record(f"boom {number}", number)

    tenth = recorder.recorded("boom 9", 9)
    eleventh = recorder.recorded("boom 10", 10)

    assert tenth.message == "(combined from similar events): boom 9"
    assert eleventh.message == "(combined from similar events): boom 10"
    assert (tenth.count, eleventh.count) == (1, 2)
    assert tenth.metadata.name == eleventh.metadata.name


def test_ten_quiet_minutes_end_a_group() -> None:
    recorder = Recorder()
    for number in range(9):
        recorder.record(f"boom {number}", number)

    assert recorder.recorded("boom 9", 609).message == "boom 9"


def test_an_object_has_a_budget_that_fills_slowly() -> None:
    recorder = Recorder()
    allowed = [recorder.record("boom") is not None for _ in range(30)]

    later = [recorder.record("boom", at) is not None for at in (299, 300, 301)]

    assert allowed == [True] * 25 + [False] * 5
    assert later == [False, True, False]


def test_budgets_are_not_shared_between_objects() -> None:
    recorder = Recorder()
    other = ObjectReference(kind="Pod", namespace="default", name="web", uid="u-2")
    for _ in range(30):
        recorder.record("boom")

    assert recorder.record("boom", about=other) is not None


def test_what_was_dropped_is_counted_by_the_next_event_that_passes() -> None:
    recorder = Recorder()
    for _ in range(40):
        recorder.record("boom")

    assert recorder.recorded("boom", 300).count == 41


def test_a_clock_that_is_set_back_takes_nothing_from_the_budget() -> None:
    recorder = Recorder()

    allowed = [recorder.record("boom", at) is not None for at in (10_000, *range(24))]

    assert all(allowed)


def test_the_oldest_memory_is_forgotten() -> None:
    recorder = Recorder()
    recorder.record("boom", reason="First")
    for number in range(5000):
        about = ObjectReference(kind="Pod", name=f"p{number}", uid=f"u-{number}")
        recorder.record("boom", about=about)

    again = recorder.record("boom", reason="First")

    assert again is not None
    assert again.count == 1


@given(
    st.lists(
        st.tuples(st.sampled_from(["a", "b", "c"]), st.floats(0, 200)), min_size=1, max_size=60
    )
)
def test_no_count_is_ever_lost(happened: list[tuple[str, float]]) -> None:
    recorder = Recorder()
    at, counts = 0.0, dict.fromkeys("abc", 0)
    for message, pause in happened:
        at += pause
        counts[message] += 1
        event = recorder.record(message, at)
        assert event is None or event.count == counts[message]


def test_an_event_is_named_after_its_object_and_time() -> None:
    assert events.event_name("web", 1748779200000000000) == "web.1844e96abe978000"


def test_a_long_name_leaves_room_for_the_time() -> None:
    name = events.event_name("a" * 235 + "." + "b" * 17, 1748779200000000000)

    assert name == "a" * 235 + ".1844e96abe978000"


def test_container_ids_in_messages_become_names() -> None:
    assert events.without_container_id("exec in 8f3c failed", "8f3c", "web") == "exec in web failed"
    assert events.without_container_id("as it is", "", "web") == "as it is"
