"""A missing image is reported and looked for as by a kubelet, with doubling pauses."""

from __future__ import annotations

from itertools import pairwise

from agent.rules import image_pull
from agent.rules.image_pull import PullFailure, looked_in_vain


def test_the_first_look_in_vain_is_an_error() -> None:
    report = looked_in_vain(None, "web:1", "no entry", now=100)

    assert (report.reason, report.message) == ("ErrImagePull", "no entry")
    assert [(each.type, each.reason, each.message) for each in report.announcements] == [
        ("Warning", "Failed", 'Failed to pull image "web:1": no entry'),
        ("Warning", "Failed", "Error: ErrImagePull"),
    ]
    assert report.failure == PullFailure(100, 10)


def test_then_the_container_backs_off_and_says_why() -> None:
    first = looked_in_vain(None, "web:1", "no entry", now=100)

    report = looked_in_vain(first.failure, "web:1", "no entry", now=first.retry_at)

    assert report.reason == "ImagePullBackOff"
    assert report.message == 'Back-off pulling image "web:1": ErrImagePull: no entry'
    assert [(each.type, each.reason, each.message) for each in report.announcements] == [
        ("Normal", "BackOff", 'Back-off pulling image "web:1"'),
        ("Warning", "Failed", "Error: ImagePullBackOff"),
    ]
    assert (report.failure, report.retry_at) == (first.failure, 110)


def test_the_pauses_double_up_to_five_minutes() -> None:
    failure, now, looks = None, 0.0, list[float]()
    while len(looks) < 8:
        report = looked_in_vain(failure, "web", "no entry", now)
        if report.reason == "ErrImagePull":
            looks.append(now)
        failure, now = report.failure, report.retry_at

    assert [later - earlier for earlier, later in pairwise(looks)] == [
        10,
        20,
        40,
        80,
        160,
        300,
        300,
    ]


def test_an_image_that_is_known_is_present() -> None:
    announcement = image_pull.present("web:1")

    assert (announcement.type, announcement.reason) == ("Normal", "Pulled")
    assert announcement.message == 'Container image "web:1" already present on machine'
