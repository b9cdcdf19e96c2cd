"""kubectl exec and cp: a command in a running container, and a client that talks to it."""

from __future__ import annotations

import asyncio

from aiohttp import web

from agent.api.streaming import outcome
from agent.api.streaming.channels import Channels
from agent.api.streaming.conversation import ProcessEars, beside, converse
from agent.api.streaming.node import StreamingNode, container_of
from agent.api.streaming.options import StreamOptions, stream_options
from agent.api.streaming.refusal import bad_request
from agent.host.exec_session import ExecSession
from agent.host.pipe_ends import ReadEnd
from agent.host.process import ExitStatus, SpawnError
from agent.model.pod import Pod
from agent.pod.access import RunAccess


async def execute(request: web.BaseRequest, pod: Pod, node: StreamingNode) -> web.StreamResponse:
    """Answer `.../exec`; raises Refusal."""
    options = stream_options(request.query)
    if not options.command:
        raise bad_request("you must specify at least one command for the container")
    access = node.access(pod, container_of(pod, options.container))
    return await converse(request, options, node, lambda channels: _talk(channels, access, options))


async def _talk(channels: Channels, access: RunAccess, options: StreamOptions) -> None:
    try:
        session = await access.exec(options.command, stdin=options.stdin, tty=options.tty)
    except (SpawnError, OSError) as exc:
        await channels.finish(outcome.not_started(exc))
        return
    try:
        async with beside(channels.listen(ProcessEars(session))):
            ended = await _hand_on(session, channels, options)
    except BaseException:
        session.kill()  # the client has gone: so does all that it started
        raise
    finally:
        access.leave(session)
    await channels.finish(outcome.of_exit(ended))


async def _hand_on(session: ExecSession, channels: Channels, options: StreamOptions) -> ExitStatus:
    """Send all output; it is over when nobody can write any more, as in containerd."""

    async def copy(end: ReadEnd, stream: str, *, is_wanted: bool) -> None:
        while data := await end.read():
            if is_wanted:
                await channels.send(stream, data)

    async with asyncio.TaskGroup() as group:
        group.create_task(copy(session.stdout, "stdout", is_wanted=options.stdout))
        if session.stderr is not None:
            group.create_task(copy(session.stderr, "stderr", is_wanted=options.stderr))
    return await session.wait()
