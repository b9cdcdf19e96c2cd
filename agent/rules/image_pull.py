"""What is said of a container whose image cannot be had, and when is it looked for again?

(kubelet: pkg/kubelet/images/image_manager.go; back-off 10 s, doubled up to 300 s)
"""

from __future__ import annotations

import msgspec

from agent.model.event import EventType, Reason
from agent.rules.events import Announcement

INITIAL_DELAY = 10.0
MAXIMUM_DELAY = 300.0
#: `ErrImagePull` is shown so long before `ImagePullBackOff` takes its place; a kubelet shows it
#: until its next sync.
_SHOWN_FOR = 5.0


class PullFailure(msgspec.Struct, frozen=True):
    """What is remembered: when an image was looked for in vain, and how long to wait since."""

    failed_at: float
    delay: float = INITIAL_DELAY


class PullReport(msgspec.Struct, frozen=True, kw_only=True):
    """How the container waits, what is announced, what to remember, and when to look again."""

    reason: str
    message: str
    announcements: tuple[Announcement, ...]
    failure: PullFailure
    retry_at: float


def looked_in_vain(failure: PullFailure | None, image: str, problem: str, now: float) -> PullReport:
    """Report on an image that is (still) not there `now`, a time in seconds on any one clock.

    `failure` is what the last report said to remember; forget it when the image is found or when
    the table of images changes, so that the next look counts as the first.
    """
    if failure is not None and now - failure.failed_at < failure.delay:
        return _back_off(failure, image, problem)
    delay = INITIAL_DELAY if failure is None else min(2 * failure.delay, MAXIMUM_DELAY)
    return PullReport(
        reason="ErrImagePull",
        message=problem,
        announcements=(
            _failed(f'Failed to pull image "{image}": {problem}'),
            _failed("Error: ErrImagePull"),
        ),
        failure=PullFailure(now, delay),
        retry_at=now + _SHOWN_FOR,
    )


def present(image: str) -> Announcement:
    """What is announced when nothing had to be fetched."""
    message = f'Container image "{image}" already present on machine'
    return Announcement(EventType.NORMAL, Reason.PULLED, message)


def _back_off(failure: PullFailure, image: str, problem: str) -> PullReport:
    text = f'Back-off pulling image "{image}"'
    return PullReport(
        reason="ImagePullBackOff",
        message=f"{text}: ErrImagePull: {problem}",
        announcements=(
            Announcement(EventType.NORMAL, Reason.BACK_OFF, text),
            _failed("Error: ImagePullBackOff"),
        ),
        failure=failure,
        retry_at=failure.failed_at + failure.delay,
    )


def _failed(message: str) -> Announcement:
    return Announcement(EventType.WARNING, Reason.FAILED, message)
