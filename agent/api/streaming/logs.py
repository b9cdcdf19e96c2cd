"""kubectl logs: what a container has printed, and what it prints, until it is gone."""

from __future__ import annotations

from contextlib import aclosing

from aiohttp import web

from agent.api.streaming.node import StreamingNode, container_of
from agent.api.streaming.options import LogOptions, log_options
from agent.api.streaming.refusal import bad_request
from agent.host import log_files
from agent.host.log_reader import LogReader
from agent.model.container import Container
from agent.model.pod import Pod
from agent.rules import log_source


async def logs(request: web.BaseRequest, pod: Pod, node: StreamingNode) -> web.StreamResponse:
    """Answer `.../log`; raises Refusal."""
    options = log_options(request.query, pod.metadata.name)
    container = container_of(pod, options.container)
    try:
        attempt = log_source.attempt(pod, container.name, previous=options.previous)
    except log_source.NoLog as exc:
        raise bad_request(str(exc)) from exc
    reader = _reader(_path(pod, container, attempt, node), options, node)
    visit = node.visits.begin(request)
    response = web.StreamResponse(headers={"Content-Type": "text/plain"})
    async with visit:
        await response.prepare(request)
        try:
            async with aclosing(
                node.machine.pump.follow(reader, to_now=not options.follow)
            ) as outputs:
                async for output in outputs:
                    await response.write(output)
        except FileNotFoundError:  # the kubelet, too, says so in place of the log
            await response.write(_gone(container, pod))
    return response


def _path(pod: Pod, container: Container, attempt: int, node: StreamingNode) -> str:
    meta = pod.metadata
    directory = log_files.log_directory(
        node.log_dir,
        namespace=meta.namespace,
        pod=meta.name,
        uid=meta.uid,
        container=container.name,
    )
    return log_files.log_path(directory, attempt)


def _reader(path: str, options: LogOptions, node: StreamingNode) -> LogReader:
    return LogReader(
        path,
        tail_lines=options.tail_lines,
        since_time=options.since(node.machine.clock.now()),
        timestamps=options.timestamps,
        limit_bytes=options.limit_bytes,
        stream=options.stream,
    )


def _gone(container: Container, pod: Pod) -> bytes:
    return (
        f"unable to retrieve container logs for {container.name} in {pod.metadata.name}: "
        "the file is gone\n"
    ).encode()
