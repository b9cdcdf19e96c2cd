"""What does a probe worker believe of its container, and may it probe now?

The state machine of the kubelet's worker (pkg/kubelet/prober/worker.go, doProbe), without time,
handlers and events. A worker lives as long as its pod: it exists before its container and
survives the container's restarts.
"""

from __future__ import annotations

from enum import Enum

import msgspec

from agent.model.handler import Probe
from agent.model.runtime import Outcome, ProbeKind, ProbeResult

#: A handler that could not be carried out is tried so often, without a pause in between.
MAX_TRIES = 3

# Looking up a member of an Enum class is slow before Python 3.12, and `observe` is hot.
_ERROR, _FAILED = Outcome.ERROR, Outcome.FAILURE
_SUCCESS, _FAILURE, _UNKNOWN = ProbeResult.SUCCESS, ProbeResult.FAILURE, ProbeResult.UNKNOWN
_LIVENESS, _READINESS, _STARTUP = ProbeKind.LIVENESS, ProbeKind.READINESS, ProbeKind.STARTUP
_INITIAL = {_LIVENESS: _SUCCESS, _READINESS: _FAILURE, _STARTUP: _UNKNOWN}


class Gate(Enum):
    """What a worker does when its moment has come."""

    PROBE = "probe"
    SKIP = "skip"
    STOP = "stop"


_PROBE, _SKIP, _STOP = Gate.PROBE, Gate.SKIP, Gate.STOP


class ProbeState(msgspec.Struct, frozen=True):
    """The belief of one worker.

    `result` is what is published for `container_id`, None before the first container.
    `result_run` results in a row, the last of them `last_result`, were counted; it stops growing
    at the threshold. `on_hold` until there is a new container: the verdict has been spoken.
    """

    kind: ProbeKind
    result: ProbeResult | None = None
    last_result: ProbeResult | None = None
    result_run: int = 0
    on_hold: bool = False
    container_id: str = ""


class ProbeFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What the status says of the container, the pod and its fate.

    `container_id` is empty while there has been no container. `may_restart` says that a
    terminated container can run again.
    """

    container_id: str = ""
    running: bool = False
    terminated: bool = False
    started: bool = False
    may_restart: bool = True
    pod_ended: bool = False
    pod_deleted: bool = False


def resumed(kind: ProbeKind, container_id: str, result: ProbeResult | None) -> ProbeState:
    """The state of a worker whose container an earlier agent started, and of what that believed.

    A kubelet forgets its beliefs (until 1.35): the container would be unready for a while.
    """
    result = result or _INITIAL[kind]
    on_hold = kind is _STARTUP and result is _SUCCESS
    last = None if result is _UNKNOWN else result
    return ProbeState(kind, result, last, 0, on_hold, container_id)


def gate(
    state: ProbeState, facts: ProbeFacts, *, ran_for: float, initial_delay: int
) -> tuple[Gate, ProbeState]:
    """Say whether to probe now, and the state from which to go on.

    `ran_for` is the time in seconds since the container's `startedAt` in the status. After STOP
    the worker ends; its last result stays published until the pod is gone.
    """
    if facts.pod_ended:
        return _STOP, state
    if not facts.container_id:
        return _SKIP, state
    if facts.container_id != state.container_id:
        state = _adopted(state, facts.container_id)
    if state.on_hold:
        return _SKIP, state
    if not facts.running:
        goes_on = facts.may_restart or not facts.terminated
        return (_SKIP if goes_on else _STOP), _published(state, _FAILURE)
    if facts.pod_deleted and state.kind is not _READINESS:
        return _STOP, _published(state, _SUCCESS)
    # A startup probe idles once it has succeeded, the others until then.
    is_early = int(ran_for) < initial_delay
    if is_early or facts.started is (state.kind is _STARTUP):
        return _SKIP, state
    return _PROBE, state


def observe(state: ProbeState, outcome: Outcome, spec: Probe) -> ProbeState:
    """Count one execution; the same object when it changes nothing.

    A warning counts as success, an error does not count at all.
    """
    if outcome is _ERROR:
        return state
    if outcome is _FAILED:
        result, threshold = _FAILURE, spec.failure_threshold
    else:
        result, threshold = _SUCCESS, spec.success_threshold
    run = state.result_run
    if state.last_result is not result:
        run = 1
    elif run < threshold:
        run += 1
    elif state.result is result:
        return state
    published = result if run >= threshold else state.result
    if run >= threshold and _is_final(state.kind, result):
        return ProbeState(state.kind, published, result, 0, True, state.container_id)
    return ProbeState(state.kind, published, result, run, state.on_hold, state.container_id)


def is_news(before: ProbeState, after: ProbeState) -> bool:
    """Whether the pod must be looked at again: a liveness failure, or any other new result.

    The first result for a new container is new, whatever it is (results manager, syncLoop).
    """
    if before.result is after.result and before.container_id == after.container_id:
        return False
    return after.kind is not _LIVENESS or after.result is _FAILURE


def _is_final(kind: ProbeKind, result: ProbeResult) -> bool:
    """The container will be restarted, or its startup is decided: no more results until then."""
    return kind is _STARTUP or (kind is _LIVENESS and result is _FAILURE)


def _adopted(state: ProbeState, container_id: str) -> ProbeState:
    """A new container: its first belief. The counted run goes on, as in the kubelet."""
    initial = _INITIAL[state.kind]
    return ProbeState(state.kind, initial, state.last_result, state.result_run, False, container_id)


def _published(state: ProbeState, result: ProbeResult) -> ProbeState:
    if state.result is result:
        return state
    return ProbeState(
        state.kind,
        result,
        state.last_result,
        state.result_run,
        state.on_hold,
        state.container_id,
    )
