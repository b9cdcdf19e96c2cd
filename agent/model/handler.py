"""What a probe or a lifecycle hook does: exec, httpGet, tcpSocket, grpc, sleep."""

from __future__ import annotations

from agent.model import names
from agent.model.base import Int32, Int64, IntOrString, Object, always


class ExecAction(Object):
    """Run a command; exit code 0 is success."""

    command: tuple[str, ...] = ()


class HTTPHeader(Object):
    """One request header; names may repeat."""

    name: str = always(factory=str)
    value: str = always(factory=str)


class HTTPGetAction(Object):
    """GET a URL; `port` is a number or the name of a container port."""

    path: str = ""
    port: IntOrString = always(factory=int)
    host: str = ""
    scheme: names.URIScheme = ""
    http_headers: tuple[HTTPHeader, ...] = ()


class TCPSocketAction(Object):
    """Open a TCP connection."""

    port: IntOrString = always(factory=int)
    host: str = ""


class GRPCAction(Object):
    """Ask grpc.health.v1.Health/Check."""

    port: Int32 = always(factory=int)
    service: str | None = always(factory=lambda: None)


class SleepAction(Object):
    """Wait so many seconds."""

    seconds: Int64 = always(factory=int)


class ProbeHandler(Object):
    """The handlers a probe may name; exactly one of them is set after validation."""

    exec: ExecAction | None = None
    http_get: HTTPGetAction | None = None
    tcp_socket: TCPSocketAction | None = None
    grpc: GRPCAction | None = None


class Probe(ProbeHandler):
    """When and how often to probe, and how many results make a verdict; seconds are integers."""

    initial_delay_seconds: Int32 = 0
    timeout_seconds: Int32 = 0
    period_seconds: Int32 = 0
    success_threshold: Int32 = 0
    failure_threshold: Int32 = 0
    termination_grace_period_seconds: Int64 | None = None


class LifecycleHandler(Object):
    """The handlers a lifecycle hook may name."""

    exec: ExecAction | None = None
    http_get: HTTPGetAction | None = None
    tcp_socket: TCPSocketAction | None = None
    sleep: SleepAction | None = None


class Lifecycle(Object):
    """Hooks of one container."""

    post_start: LifecycleHandler | None = None
    pre_stop: LifecycleHandler | None = None
    stop_signal: names.Signal | None = None
