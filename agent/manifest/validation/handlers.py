"""Are probes and lifecycle hooks valid?"""

from __future__ import annotations

from agent.manifest.errors import forbidden, invalid, not_supported, required
from agent.manifest.validation import names
from agent.manifest.validation.options import Errors, report
from agent.manifest.validation.ports import check_port_number_or_name
from agent.model.container import Container
from agent.model.handler import (
    ExecAction,
    HTTPGetAction,
    Lifecycle,
    LifecycleHandler,
    Probe,
    ProbeHandler,
    SleepAction,
)
from agent.model.pod import PodOS

_SCHEMES = ("HTTP", "HTTPS")
_PLAIN_SIGNALS = (
    "ABRT ALRM BUS CHLD CLD CONT FPE HUP ILL INT IO IOT KILL PIPE POLL PROF PWR QUIT SEGV STKFLT "
    "STOP SYS TERM TRAP TSTP TTIN TTOU URG USR1 USR2 VTALRM WINCH XCPU XFSZ RTMIN RTMAX"
)


def check_probes(container: Container, grace: int | None, path: str, errors: Errors) -> None:
    """Check liveness, readiness and startup probe; `grace` is the pod's grace period."""
    if container.liveness_probe is not None:
        at = f"{path}.livenessProbe"
        _check_probe(container.liveness_probe, grace, at, errors)
        _check_single_success(container.liveness_probe, at, errors)
    if container.readiness_probe is not None:
        at = f"{path}.readinessProbe"
        _check_probe(container.readiness_probe, grace, at, errors)
        own = container.readiness_probe.termination_grace_period_seconds
        if own is not None:
            wrong = "must not be set for readinessProbes"
            errors.append(invalid(f"{at}.terminationGracePeriodSeconds", own, wrong))
    if container.startup_probe is not None:
        at = f"{path}.startupProbe"
        _check_probe(container.startup_probe, grace, at, errors)
        _check_single_success(container.startup_probe, at, errors)


def _check_single_success(probe: Probe, path: str, errors: Errors) -> None:
    if probe.success_threshold != 1:
        errors.append(invalid(f"{path}.successThreshold", probe.success_threshold, "must be 1"))


def _check_probe(probe: Probe, grace: int | None, path: str, errors: Errors) -> None:
    """Check what all probes have in common (validateProbe)."""
    _check_handler(probe, grace, path, errors)
    for field, number in (
        ("initialDelaySeconds", probe.initial_delay_seconds),
        ("timeoutSeconds", probe.timeout_seconds),
        ("periodSeconds", probe.period_seconds),
        ("successThreshold", probe.success_threshold),
        ("failureThreshold", probe.failure_threshold),
    ):
        report(errors, f"{path}.{field}", number, names.not_negative(number))
    own = probe.termination_grace_period_seconds
    if own is not None and own <= 0:
        at = f"{path}.terminationGracePeriodSeconds"
        errors.append(invalid(at, own, "must be greater than 0"))


def check_lifecycle(
    lifecycle: Lifecycle, grace: int | None, os: PodOS | None, path: str, errors: Errors
) -> None:
    """Check hooks and stop signal (validateLifecycle)."""
    if lifecycle.post_start is not None:
        _check_handler(lifecycle.post_start, grace, f"{path}.postStart", errors)
    if lifecycle.pre_stop is not None:
        _check_handler(lifecycle.pre_stop, grace, f"{path}.preStop", errors)
    if lifecycle.stop_signal is not None:
        _check_stop_signal(lifecycle.stop_signal, os, f"{path}.stopSignal", errors)


def _check_handler(
    handler: ProbeHandler | LifecycleHandler, grace: int | None, path: str, errors: Errors
) -> None:
    """Exactly one handler; only the first of several is looked into (validateHandler)."""
    found = [
        (field, action)
        for field, action in (
            ("exec", handler.exec),
            ("httpGet", handler.http_get),
            ("tcpSocket", handler.tcp_socket),
            ("grpc", handler.grpc if isinstance(handler, ProbeHandler) else None),
            ("sleep", handler.sleep if isinstance(handler, LifecycleHandler) else None),
        )
        if action is not None
    ]
    if not found:
        errors.append(required(path, "must specify a handler type"))
        return
    field, action = found[0]
    at = f"{path}.{field}"
    if isinstance(action, ExecAction):
        if not action.command:
            errors.append(required(f"{at}.command"))
    elif isinstance(action, HTTPGetAction):
        _check_http_get(action, at, errors)
    elif isinstance(action, SleepAction):
        _check_sleep(action, grace, at, errors)
    else:
        check_port_number_or_name(action.port, f"{at}.port", errors)
    for extra, _ in found[1:]:
        wrong = "may not specify more than 1 handler type"
        errors.append(forbidden(f"{path}.{extra}", wrong))


def _check_http_get(action: HTTPGetAction, path: str, errors: Errors) -> None:
    if not action.path:
        errors.append(required(f"{path}.path"))
    check_port_number_or_name(action.port, f"{path}.port", errors)
    if action.scheme not in _SCHEMES:
        errors.append(not_supported(f"{path}.scheme", action.scheme, _SCHEMES))
    for header in action.http_headers:
        messages = names.http_header_name(header.name)
        report(errors, f"{path}.httpHeaders", header.name, messages)


def _check_sleep(action: SleepAction, grace: int | None, path: str, errors: Errors) -> None:
    if grace is not None and not 0 <= action.seconds <= grace:
        wrong = f"must be non-negative and less than terminationGracePeriodSeconds ({grace})"
        errors.append(invalid(path, action.seconds, wrong))


def _check_stop_signal(signal: str, os: PodOS | None, path: str, errors: Errors) -> None:
    if os is None:
        wrong = "may not be set for containers with empty `spec.os.name`"
        errors.append(forbidden(path, wrong))
        return
    if os.name == "windows":
        supported = ["SIGKILL", "SIGTERM"]
    elif os.name == "linux":
        supported = linux_signals()
    else:
        return
    if signal not in supported:
        errors.append(not_supported(path, signal, supported))


def linux_signals() -> list[str]:
    """All signals that may be a stop signal on Linux, sorted as Kubernetes lists them."""
    plain = [f"SIG{name}" for name in _PLAIN_SIGNALS.split()]
    upwards = [f"SIGRTMIN+{number}" for number in range(1, 16)]
    downwards = [f"SIGRTMAX-{number}" for number in range(1, 15)]
    return sorted(plain + upwards + downwards)
