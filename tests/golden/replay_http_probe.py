"""Do our probes say what the kubelet's say to the same scripted servers?"""

from __future__ import annotations

import asyncio
import hashlib
import re
import ssl
import tempfile
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import msgspec

from agent.action.handler import Role, Target
from agent.action.http.client import Network
from agent.action.http_get import HTTPGet
from agent.action.resolve import Resolver
from agent.action.result import ActionResult, Outcome
from agent.host import event_loop
from agent.host.reactor import Reactor
from agent.host.scheduler import Scheduler
from agent.model.container import ContainerPort
from agent.model.handler import HTTPGetAction
from tests.support.scripted_server import ScriptedServer, make_certificate

Case = dict[str, Any]
_AT_ONCE = 24
_HELLO = b"\x16\x03"
_VERSIONS = {
    "1.0": ssl.TLSVersion.TLSv1,
    "1.1": ssl.TLSVersion.TLSv1_1,
    "1.2": ssl.TLSVersion.TLSv1_2,
    "1.3": ssl.TLSVersion.TLSv1_3,
}
_CLIENT = re.compile(r"read tcp (.*):\d+->")
_FAILURES = {Outcome.SUCCESS: "success", Outcome.WARNING: "warning", Outcome.FAILURE: "failure"}


def replay_all(cases: list[Case]) -> list[str | None]:
    """Replay many cases at once: most of the time is waiting."""
    with ThreadPoolExecutor(_AT_ONCE) as pool, tempfile.TemporaryDirectory() as folder:
        certificate = make_certificate(Path(folder))
        return list(pool.map(lambda case: _replay(case, certificate), cases))


def replay(case: Case) -> str | None:
    """Replay one case."""
    return replay_all([case])[0]


def _replay(case: Case, certificate: Path) -> str | None:
    given, probe = case["input"], case["input"]["probe"]
    ports: dict[str, str] = {}

    def expand(text: str) -> str:
        for name, number in ports.items():
            text = text.replace(name, number)
        return text

    with ExitStack() as stack:
        servers: dict[str, ScriptedServer] = {}
        for name, key in (("{PORT}", "server"), ("{PORT2}", "server2")):
            if key not in given:
                continue
            server = _server(given[key], certificate, expand)
            servers[key] = server
            ports[name] = str(server.port)
        for key, server in servers.items():
            if given[key].get("notListening"):
                server.stop()
            else:
                stack.enter_context(server)
        result = event_loop.run(_probe(probe, ports["{PORT}"], expand))
        for server in servers.values():
            server.wait_scripts()
        seen = {key: [bytes(r) for r in server.requests] for key, server in servers.items()}
    answers = [case["expected"], *case.get("alternatives", [])]
    differences = [_compare(answer, result, seen, ports) for answer in answers]
    return None if None in differences else differences[0]


def _server(given: Case, certificate: Path, expand: Any) -> ScriptedServer:
    tls = _tls(given["tls"], certificate) if "tls" in given else None
    scripts = [c["actions"] for c in given.get("connections", [])]
    return ScriptedServer(scripts, bind=given.get("bind", "127.0.0.1"), tls=tls, expand=expand)


def _tls(given: Case, certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    context.load_cert_chain(certificate)
    version = _VERSIONS[given.get("maxVersion", "1.3")]
    with warnings.catch_warnings():  # old versions are what is tried here
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = min(version, ssl.TLSVersion.TLSv1_2)
        context.maximum_version = version
    return context


async def _probe(probe: Case, port: str, expand: Any) -> ActionResult:
    action = dict(probe["httpGet"])
    if action["port"] == "{PORT}":
        action["port"] = int(port)
    if "path" in action:
        action["path"] = expand(action["path"])
    ports = tuple(
        ContainerPort(
            name=item["name"],
            container_port=int(port) if item["containerPort"] == -1 else item["containerPort"],
        )
        for item in probe.get("containerPorts", [])
    )
    reactor, scheduler = Reactor(), Scheduler()
    network = Network(reactor=reactor, scheduler=scheduler, resolver=Resolver())
    target = Target(address=probe.get("podIP", "127.0.0.1"), ports=ports)
    get = HTTPGet(msgspec.convert(action, HTTPGetAction), target, Role.PROBE, network=network)
    timeout = float(probe.get("timeoutSeconds", 1))
    answer: asyncio.Future[ActionResult] = asyncio.get_running_loop().create_future()
    running = get.start(timeout, answer.set_result)
    timer = scheduler.call_later(timeout, running.expire)
    result = await answer
    timer.cancel()
    scheduler.close()
    reactor.close()
    return result


def _compare(
    expected: Case, result: ActionResult, seen: dict[str, list[bytes]], ports: dict[str, str]
) -> str | None:
    got = _CLIENT.sub(r"read tcp \1:{CLIENTPORT}->", result.output)
    for name, number in ports.items():
        got = got.replace(f":{number}", f":{name}")
    if "error" in expected:
        if result.outcome is not Outcome.ERROR:
            return f"{result.outcome.value} {got[:300]!r}, not error {expected['error']!r}"
        wanted = expected["error"]
    else:
        if _FAILURES.get(result.outcome) != expected["result"]:
            return f"{result.outcome.value} {got[:300]!r}, not {expected['result']}"
        wanted = _output(expected)
    if isinstance(wanted, str) and got != wanted:
        return f"{got[:300]!r}, not {wanted[:300]!r}"
    if not isinstance(wanted, str) and (len(got), hashlib.sha256(got.encode()).hexdigest()) != (
        wanted
    ):
        return f"{len(got)} bytes, not {wanted[0]}"
    return _compare_requests(expected, seen, ports)


def _output(expected: Case) -> str | tuple[int, str]:
    if "outputHex" in expected:  # what is not UTF-8 is shown as U+FFFD in events
        text = bytes.fromhex(expected["outputHex"]).decode("utf-8", "surrogateescape")
        return "".join("\ufffd" if "\ud800" <= char <= "\udfff" else char for char in text)
    if "outputLength" in expected:
        return expected["outputLength"], expected["outputSha256"]
    output: str = expected["output"]
    return output


def _compare_requests(
    expected: Case, seen: dict[str, list[bytes]], ports: dict[str, str]
) -> str | None:
    for key, field in (("server", "requests"), ("server2", "requests2")):
        for index, wanted in enumerate(expected.get(field, [])):
            data = seen[key][index] if index < len(seen.get(key, [])) else None
            if data is None:
                return f"{field}: {len(seen.get(key, []))}, not {len(expected[field])}"
            for name, number in ports.items():
                data = data.replace(b":" + number.encode(), b":" + name.encode())
            if data.startswith(_HELLO):
                # Hellos hold random bytes; those of connections that hung were not recorded.
                if not wanted.get("tlsClientHello") and wanted["hex"]:
                    return f"{field}[{index}]: a hello, not {bytes.fromhex(wanted['hex'])!r}"
            elif data != bytes.fromhex(wanted.get("hex", "00")):
                return f"{field}[{index}]: {data!r}, not {bytes.fromhex(wanted['hex'])!r}"
        if len(seen.get(key, [])) > len(expected.get(field, [])):
            return f"{field}: {len(seen[key])}, not {len(expected.get(field, []))}"
    return None
