"""kubectl attach: what a container prints from now on, and its stdin.

As with containerd (internal/cri/io/container_io.go, Attach) the end of the client's input ends the
container's if that is to be had only once (`stdinOnce`, without a terminal), and otherwise the
attachment alone.
"""

from __future__ import annotations

from contextlib import suppress

from aiohttp import web

from agent.api.streaming import outcome
from agent.api.streaming.channels import Channels
from agent.api.streaming.conversation import ProcessEars, beside, converse
from agent.api.streaming.node import StreamingNode, container_of
from agent.api.streaming.options import StreamOptions, stream_options
from agent.api.streaming.refusal import bad_request
from agent.host.attachment import Attachment
from agent.model.container import Container
from agent.model.gotext import quote
from agent.model.pod import Pod
from agent.pod.access import RunAccess


async def attach(request: web.BaseRequest, pod: Pod, node: StreamingNode) -> web.StreamResponse:
    """Answer `.../attach`; raises Refusal."""
    options = stream_options(request.query)
    container = container_of(pod, options.container)
    access = node.access(pod, container)
    if options.stdin and not access.has_input:
        why = "was closed after the first attach (stdinOnce)"
        why = why if container.stdin else "is not open: it must be created with `stdin: true`"
        where = f"container {quote(container.name)} in pod {quote(pod.metadata.name)}"
        raise bad_request(f"cannot attach stdin: that of {where} {why}")
    return await converse(
        request, options, node, lambda channels: _talk(channels, access, container, options)
    )


async def _talk(
    channels: Channels, access: RunAccess, container: Container, options: StreamOptions
) -> None:
    try:
        attachment = access.attach(stdin=options.stdin)
    except OSError as exc:
        await channels.finish(outcome.internal(f"cannot attach: {(exc.strerror or '').lower()}"))
        return
    ends_input = container.stdin_once and not container.tty
    try:
        async with beside(channels.listen(_SpectatorEars(attachment, ends_input=ends_input))):
            while (piece := await attachment.read()) is not None:
                stream, data = piece
                if options.stdout if stream == "stdout" else options.stderr:
                    await channels.send(stream, data)
    finally:
        if options.stdin and container.stdin_once:
            await attachment.end_input()
        access.detach(attachment)
    await channels.finish(outcome.SUCCESS)


class _SpectatorEars(ProcessEars):
    """Knows what the end of a spectator's input means."""

    def __init__(self, attachment: Attachment, *, ends_input: bool) -> None:
        super().__init__(attachment)
        self._attachment = attachment
        self._ends_input = ends_input

    async def ended(self) -> None:
        if not self._ends_input:
            self._attachment.close()
            return
        with suppress(BrokenPipeError):
            await self._attachment.end_input()
