"""The health listener over real connections: paths, methods, reasons."""

from __future__ import annotations

import asyncio
import shutil
import subprocess

import pytest

from agent.api.health import MAX_SILENCE, Health, HealthParts
from agent.api.heartbeat import Heartbeat
from agent.host.scheduler import Scheduler
from agent.model.runtime import ProbeKind
from tests.support.listening import Outside, State, listening
from tests.support.traffic import pods

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]


@pytest.mark.parametrize(
    ("path", "status", "body"),
    [
        ("/readyz", 503, None),
        ("/readyz/", 503, None),
        ("/readyz/default/web", 200, "ok\n"),
        ("/readyz/default/web?verbose", 200, "ok\n"),
        ("/readyz/default/web/c", 200, "ok\n"),
        ("/readyz/default/db", 503, None),
        ("/readyz/default/old", 503, "default/old: terminating\n"),
        ("/readyz/default/gone", 404, "pod default/gone not found\n"),
        ("/readyz/default/web/d", 404, "container d of pod default/web not found\n"),
        ("/readyz/web", 404, None),
        ("/readyz/default/web/c/d", 404, None),
        ("/", 404, "not found\n"),
        ("/health", 404, "not found\n"),
        ("/healthz/x", 404, "not found\n"),
        ("/%2e%2e/readyz", 404, "not found\n"),
    ],
)
async def test_a_path_is_answered(path: str, status: int, body: str | None) -> None:
    async with listening(pods("web", "db -", "old x")) as outside:
        answer = await outside.ask(path)

    assert answer.status == status
    assert answer.body == body or body is None


async def test_the_reasons_of_all_pods_are_in_the_body() -> None:
    async with listening(pods("web", "db -", "old x")) as outside:
        answer = await outside.ask("/readyz")

    assert answer.body.splitlines() == [
        "default/db: ContainersNotReady",
        "default/db: container c: running, not ready",
        "default/old: terminating",
    ]
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", ["/healthz", "/livez", "/readyz", "/metrics"])
async def test_head_is_the_same_without_the_body(path: str) -> None:
    async with listening(pods("web")) as outside:
        full, head = await outside.ask(path), await outside.ask(path, "HEAD")

    assert (full.status, head.status) == (200, 200)
    assert full.body
    assert head.body == ""
    assert abs(int(head.headers["content-length"]) - len(full.body)) < 50  # its own numbers change


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
async def test_other_methods_are_not_allowed(method: str) -> None:
    async with listening(pods("web")) as outside:
        answer = await outside.ask("/healthz", method)

    assert answer.status == 405
    assert answer.headers["allow"] == "GET, HEAD"


async def test_the_agent_is_healthy_when_it_has_no_troubles() -> None:
    async with listening(pods()) as outside:
        outside.troubles = ("the manifest directory has not been read yet",)
        before = await outside.ask("/healthz")
        outside.troubles = ()
        after = await outside.ask("/healthz")

    assert (before.status, before.body) == (503, "the manifest directory has not been read yet\n")
    assert (after.status, after.body) == (200, "ok\n")


async def test_the_agent_lives_while_its_store_can_be_written() -> None:
    async with listening(pods()) as outside:
        before = await outside.ask("/livez")
        outside.state.trouble = "no space left on device"
        after = await outside.ask("/livez")

    assert (before.status, before.body) == (200, "ok\n")
    assert (after.status, after.body) == (503, "store: no space left on device\n")


async def test_the_agent_is_dead_when_nothing_that_is_due_happens() -> None:
    late = LateScheduler()
    heartbeat = Heartbeat(late)

    async def render(_: str) -> tuple[bytes, str]:
        return b"", ""

    health = Health(
        HealthParts(pods=pods(), state=State(), heartbeat=heartbeat, troubles=tuple, render=render)
    )
    late.ahead = MAX_SILENCE + 1
    reasons = health.dead()
    heartbeat.stop()
    late.close()

    assert reasons == ("event loop: nothing happened for 11 s",)


async def test_metrics_are_given_in_the_format_that_is_asked_for() -> None:
    async with listening(pods("web")) as outside:
        outside.metrics.http_fallbacks = 7
        plain = await outside.ask("/metrics")
        strict = await outside.ask("/metrics", "GET", "Accept: application/openmetrics-text")

    assert plain.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert "\nkubelet_lifecycle_handler_http_fallbacks_total 7.0\n" in plain.body
    assert 'barepod_pods{phase="Running",ready="true"} 1.0' in plain.body
    assert strict.headers["content-type"].startswith("application/openmetrics-text")
    assert strict.body.endswith("# EOF\n")


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
async def test_promtool_has_nothing_to_say_about_the_metrics() -> None:
    async with listening(pods("web", "db -")) as outside:
        series = outside.metrics.probe(ProbeKind.LIVENESS, "default", "web", "u-1", "c")
        series.observe(0.1)
        outside.metrics.container_started("container")
        outside.metrics.start_failed("container", "ErrImagePull")
        body = (await outside.ask("/metrics")).body

    checked = subprocess.run(
        ["promtool", "check", "metrics"], input=body, capture_output=True, text=True, check=False
    )
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


async def test_many_may_ask_at_once() -> None:
    async def one(outside: Outside, path: str) -> int:
        return (await outside.ask(path)).status

    async with listening(pods("web")) as outside:
        async with asyncio.TaskGroup() as group:
            asked = [
                group.create_task(one(outside, path))
                for path in ("/readyz", "/metrics", "/livez") * 10
            ]

    assert {task.result() for task in asked} == {200}


class LateScheduler(Scheduler):
    """Its clock may be set ahead."""

    def __init__(self) -> None:
        super().__init__()
        self.ahead = 0.0
        now = self.time
        self.time = lambda: now() + self.ahead
