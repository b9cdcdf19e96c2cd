"""The httpGet handler against the real nginx: what users have in front of them."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from agent.action.handler import Role, Target
from agent.action.http.client import Network
from agent.action.http_get import HTTPGet
from agent.action.result import ActionResult, Outcome
from agent.model.handler import HTTPGetAction
from tests.support import servers
from tests.support.engines import failed, real_engines
from tests.support.needs import missing

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]

CONFIGURATION = """
daemon off; master_process off; pid nginx.pid; error_log stderr warn;
events { worker_connections 64; }
http {
  access_log off;
  client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi; scgi_temp_path scgi;
  server {
    listen 127.0.0.1:%(plain)d; listen [::1]:%(plain)d;
    listen 127.0.0.1:%(secure)d ssl http2;
    ssl_certificate tls.crt; ssl_certificate_key tls.key;
    absolute_redirect off;
    location = /ok { return 200 "fine"; }
    location = /fail { return 503 "no"; }
    location = /empty { return 204; }
    location = /moved { return 302 /ok; }
    location = /away { return 302 http://elsewhere.example/; }
    location = /loop { return 301 /loop; }
    location = /named { return 200 "$http_host $http_user_agent"; }
    location /files/ { alias files/; gzip on; gzip_min_length 1; gzip_types *; }
  }
}
"""
_PATIENCE = 10.0


@dataclass(frozen=True, slots=True)
class Nginx:
    """The ports of a running nginx."""

    plain: int
    secure: int


@pytest.fixture(scope="module")
def nginx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nginx]:
    program = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None:
        missing("needs nginx (Debian: apt-get install nginx-light)")
    folder = tmp_path_factory.mktemp("nginx")
    ports = Nginx(free_port(), free_port())
    (folder / "files").mkdir()
    (folder / "files" / "large").write_bytes(b"b" * 200_000)
    servers.tls_pair().write(folder)
    numbers = {"plain": ports.plain, "secure": ports.secure}
    (folder / "nginx.conf").write_text(CONFIGURATION % numbers)
    with running([program, "-p", f"{folder}/", "-c", "nginx.conf"]) as process:
        wait_listening(process, ports)
        yield ports


@contextmanager
def running(command: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        yield process
    finally:
        process.kill()
        process.communicate(timeout=_PATIENCE)


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def wait_listening(process: subprocess.Popen[bytes], ports: Nginx) -> None:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        if process.poll() is not None:
            pytest.fail(f"nginx ended: {process.communicate()[1].decode()}")
        try:
            socket.create_connection(("127.0.0.1", ports.secure), 1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    pytest.fail("nginx does not listen")


async def ask(
    port: int,
    path: str,
    *,
    scheme: str = "HTTP",
    host: str = "127.0.0.1",
    role: Role = Role.PROBE,
) -> ActionResult:
    with real_engines() as engines:
        network = Network(
            reactor=engines.reactor, scheduler=engines.scheduler, resolver=engines.resolver
        )
        action = HTTPGetAction(port=port, path=path, scheme=scheme)
        target = Target(address=host, ports=())
        return await engines.outcome(HTTPGet(action, target, role, network=network))


@pytest.mark.parametrize("scheme", ["HTTP", "HTTPS"])
@pytest.mark.parametrize(
    ("path", "result"),
    [
        ("/ok", ActionResult(Outcome.SUCCESS, "fine")),
        ("/moved", ActionResult(Outcome.SUCCESS, "fine")),
        ("/empty", ActionResult(Outcome.SUCCESS)),
        ("/fail", failed("HTTP probe failed with statuscode: 503")),
        ("/missing", failed("HTTP probe failed with statuscode: 404")),
        ("/loop", failed('Get "/loop": stopped after 10 redirects')),
        ("/files/large", ActionResult(Outcome.SUCCESS, "b" * 10240)),
    ],
)
async def test_a_page_is_judged(nginx: Nginx, path: str, result: ActionResult, scheme: str) -> None:
    port = nginx.plain if scheme == "HTTP" else nginx.secure

    assert await ask(port, path, scheme=scheme) == result


async def test_a_page_elsewhere_is_a_warning(nginx: Nginx) -> None:
    result = await ask(nginx.plain, "/away")

    assert result.outcome is Outcome.WARNING
    assert result.output.startswith("Probe terminated redirects, Response body: <html>")


async def test_nginx_sees_who_asks(nginx: Nginx) -> None:
    result = await ask(nginx.plain, "/named", host="::1")

    named = f"[::1]:{nginx.plain} kube-probe/1.34"
    assert result == ActionResult(Outcome.SUCCESS, named)


async def test_plain_http_on_the_tls_port_is_a_bad_request(nginx: Nginx) -> None:
    result = await ask(nginx.secure, "/ok")

    assert result == failed("HTTP probe failed with statuscode: 400")


async def test_tls_on_the_plain_port_is_told(nginx: Nginx) -> None:
    result = await ask(nginx.plain, "/ok", scheme="HTTPS")

    text = "http: server gave HTTP response to HTTPS client"
    assert result == failed(f'Get "https://127.0.0.1:{nginx.plain}/ok": {text}')


async def test_a_hook_is_content_with_any_page(nginx: Nginx) -> None:
    assert await ask(nginx.plain, "/fail", role=Role.LIFECYCLE) == ActionResult(Outcome.SUCCESS)


async def test_a_hook_falls_back_to_plain_http(nginx: Nginx) -> None:
    result = await ask(nginx.plain, "/ok", scheme="HTTPS", role=Role.LIFECYCLE)

    assert result == ActionResult(Outcome.SUCCESS, fallback=f"127.0.0.1:{nginx.plain}")
