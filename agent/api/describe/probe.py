"""How is a probe written in one line?"""

from __future__ import annotations

from agent.action.http.url import URL
from agent.model.handler import HTTPGetAction, Probe


def describe_probe(probe: Probe) -> str:
    """As `kubectl describe` writes it (kubectl/pkg/describe: DescribeProbe)."""
    return (
        f"{_handler(probe)} delay={probe.initial_delay_seconds}s timeout={probe.timeout_seconds}s "
        f"period={probe.period_seconds}s #success={probe.success_threshold} "
        f"#failure={probe.failure_threshold}"
    )


def _handler(probe: Probe) -> str:
    if probe.exec is not None:
        return f"exec [{' '.join(probe.exec.command)}]"
    if probe.http_get is not None:
        return f"http-get {_url(probe.http_get)}"
    if probe.tcp_socket is not None:
        return f"tcp-socket {probe.tcp_socket.host}:{probe.tcp_socket.port}"
    if probe.grpc is not None:
        return f"grpc <pod>:{probe.grpc.port} {probe.grpc.service or ''}"
    return "unknown"


def _url(action: HTTPGetAction) -> str:
    """The URL; an IPv6 address in brackets (net.JoinHostPort)."""
    host = f"[{action.host}]" if ":" in action.host else action.host
    if str(action.port):
        host = f"{host}:{action.port}"
    url = URL(scheme=action.scheme.lower().encode(), host=host.encode(), path=action.path.encode())
    return bytes(url).decode()
