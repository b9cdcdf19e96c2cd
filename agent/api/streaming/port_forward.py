"""kubectl port-forward, by whichever of the three ways a client speaks."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from agent.api.streaming import port_sockets, upgrade
from agent.api.streaming.carrier import Carrier, WebSocketCarrier
from agent.api.streaming.forwarding import Dialer
from agent.api.streaming.node import StreamingNode
from agent.api.streaming.options import ports as parse_ports
from agent.api.streaming.port_sockets import PortSockets
from agent.api.streaming.refusal import bad_request
from agent.api.streaming.spdy.forwarder import Forwarder
from agent.api.streaming.visits import Visit
from agent.model.pod import Pod

#: SPDY inside a WebSocket (kubectl 1.31 and newer), and on the bare connection.
TUNNEL: Final = "SPDY/3.1+portforward.k8s.io"
_SPDY: Final = ("portforward.k8s.io",)


async def port_forward(
    request: web.BaseRequest, pod: Pod, node: StreamingNode
) -> web.StreamResponse:
    """Answer `.../portforward`; raises Refusal."""
    if pod.status.phase != "Running":
        raise bad_request(
            f"unable to forward port because pod is not running. "
            f"Current status={pod.status.phase or 'Unknown'}"
        )
    dialer = Dialer(pod=pod, address=node.address, clock=node.machine.clock)
    by_websocket = upgrade.is_websocket(request)
    visit = node.visits.begin(request)
    if not by_websocket:
        carrier, _, response = await upgrade.spdy(request, _SPDY)
        await _forward(carrier, dialer, visit)
        return response
    if TUNNEL in request.headers.get("Sec-WebSocket-Protocol", ""):
        socket = await upgrade.websocket(request, (TUNNEL,))
        await _forward(WebSocketCarrier(socket), dialer, visit)
        return socket
    return await _old_way(request, dialer, visit)


async def _forward(carrier: Carrier, dialer: Dialer, visit: Visit) -> None:
    async with visit:
        await Forwarder(carrier, dialer).run()


async def _old_way(request: web.BaseRequest, dialer: Dialer, visit: Visit) -> web.WebSocketResponse:
    wanted = parse_ports(request.query.getall("ports", request.query.getall("port", [])))
    if not wanted:
        raise bad_request('query parameter "ports" is required')
    if len(wanted) > port_sockets.MAX_PORTS:
        raise bad_request(f"at most {port_sockets.MAX_PORTS} ports can be forwarded at a time")
    socket = await upgrade.websocket(request, port_sockets.PROTOCOLS, bare=True)
    async with visit:
        await PortSockets(socket, wanted, dialer).run()
    return socket
