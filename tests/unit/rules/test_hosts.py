"""The hosts file of a pod."""

from __future__ import annotations

from agent.model.pod import HostAlias
from agent.rules.hosts import hosts_file


def lines(*aliases: HostAlias, domain: str = "") -> list[str]:
    return hosts_file(["10.0.0.5", "fd00::5"], "web", domain, aliases).splitlines()


def test_every_address_of_the_pod_has_its_name() -> None:
    assert lines()[-2:] == ["10.0.0.5\tweb", "fd00::5\tweb"]


def test_with_a_domain_the_full_name_comes_first() -> None:
    assert lines(domain="sub.ns.svc")[-1] == "fd00::5\tweb.sub.ns.svc\tweb"


def test_aliases_follow_under_a_title_of_their_own() -> None:
    alias = HostAlias(ip="1.2.3.4", hostnames=("a", "b.c"))

    assert lines(alias, alias)[-4:] == [
        "",
        "# Entries added by HostAliases.",
        "1.2.3.4\ta\tb.c",
        "1.2.3.4\ta\tb.c",
    ]


def test_the_file_knows_localhost() -> None:
    assert "127.0.0.1\tlocalhost" in lines()
