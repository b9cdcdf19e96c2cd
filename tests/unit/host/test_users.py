"""Whom a container runs as."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.host.process import Identity
from agent.host.users import Account, Accounts, Group, UserError, read_accounts, run_as
from agent.model.security import PodSecurityContext, SecurityContext

WHERE = 'pod: "web_default(1-2)", container: c'
USERS = (
    Account("root", 0, 0, "/root"),
    Account("www", 33, 34, "/var/www"),
    Account("me", 1000, 1000, "/home/me"),
)
GROUPS = (
    Group("root", 0, ()),
    Group("www", 34, ()),
    Group("disk", 6, ("www", "me")),
    Group("adm", 4, ("me",)),
)
ROOT = Accounts(USERS, GROUPS, own_uid=0, own_gid=0)
ME = Accounts(USERS, GROUPS, own_uid=1000, own_gid=1000, own_groups=frozenset({4, 6}))


@pytest.mark.parametrize(
    ("pod", "container", "image_user", "identity", "home"),
    [
        ({}, {}, "", (0, 0, ()), "/root"),
        ({}, {}, "www", (33, 34, (6,)), "/var/www"),
        ({}, {}, "33", (33, 34, (6,)), "/var/www"),
        ({}, {}, "www:adm", (33, 4, (6,)), "/var/www"),
        ({}, {}, "33:7", (33, 7, (6,)), "/var/www"),
        ({}, {}, "999:998", (999, 998, ()), "/"),
        ({}, {}, ":adm", (0, 4, ()), "/root"),
        ({"run_as_user": 33}, {}, "root", (33, 34, (6,)), "/var/www"),
        ({"run_as_user": 33}, {"run_as_user": 1000}, "", (1000, 1000, (6, 4)), "/home/me"),
        ({"run_as_user": 33}, {"run_as_user": 0}, "", (0, 0, ()), "/root"),
        ({"run_as_user": 555}, {}, "", (555, 0, ()), "/"),
        ({"run_as_group": 8}, {}, "", (0, 8, ()), "/root"),
        ({"run_as_group": 8}, {"run_as_group": 9}, "www:adm", (33, 9, (6,)), "/var/www"),
        ({"run_as_user": 555, "run_as_group": 8}, {}, "www:adm", (555, 8, ()), "/"),
        (
            {"run_as_user": 33, "supplemental_groups": (6, 70), "fs_group": 71},
            {},
            "",
            (33, 34, (6, 70, 71)),
            "/var/www",
        ),
        (
            {
                "run_as_user": 33,
                "supplemental_groups": (70,),
                "supplemental_groups_policy": "Strict",
            },
            {},
            "",
            (33, 34, (70,)),
            "/var/www",
        ),
    ],
)
def test_the_container_goes_before_the_pod_and_both_before_the_image(
    pod: dict[str, object],
    container: dict[str, object],
    image_user: str,
    identity: tuple[int, int, tuple[int, ...]],
    home: str,
) -> None:
    found = run_as(
        ROOT,
        pod=PodSecurityContext(**pod),  # type: ignore[arg-type]
        container=SecurityContext(**container),  # type: ignore[arg-type]
        image_user=image_user,
        where=WHERE,
    )

    uid, gid, groups = identity
    assert found.identity == Identity(uid=uid, gid=gid, groups=groups)
    assert found.home == home


@pytest.mark.parametrize(
    ("accounts", "pod", "container", "image_user", "text"),
    [
        (ROOT, {}, {}, "ghost", "unable to find user ghost: no matching entries in passwd file"),
        (
            ROOT,
            {},
            {},
            "www:ghost",
            "unable to find group ghost: no matching entries in group file",
        ),
        (
            ROOT,
            {"run_as_non_root": True},
            {},
            "",
            f"container has runAsNonRoot and image will run as root ({WHERE})",
        ),
        (
            ROOT,
            {"run_as_non_root": False},
            {"run_as_non_root": True},
            "0",
            f"container has runAsNonRoot and image will run as root ({WHERE})",
        ),
        (
            ROOT,
            {},
            {"run_as_non_root": True},
            "www",
            "container has runAsNonRoot and image has non-numeric user (www), "
            f"cannot verify user is non-root ({WHERE})",
        ),
        (
            ROOT,
            {"run_as_non_root": True, "run_as_user": 0},
            {},
            "33",
            f"container's runAsUser breaks non-root policy ({WHERE})",
        ),
        (
            ME,
            {"run_as_user": 33},
            {},
            "",
            "cannot run as user 33: barepod runs as user 1000, not as root",
        ),
        (ME, {}, {}, "root", "cannot run as user 0: barepod runs as user 1000, not as root"),
        (
            ME,
            {"run_as_group": 4},
            {},
            "",
            "cannot run with group 4: barepod runs as user 1000, not as root",
        ),
        (
            ME,
            {"fs_group": 2000},
            {},
            "",
            "cannot run with group 2000: barepod runs as user 1000, not as root",
        ),
    ],
)
def test_what_cannot_be_is_said_in_the_words_of_kubernetes(
    accounts: Accounts,
    pod: dict[str, object],
    container: dict[str, object],
    image_user: str,
    text: str,
) -> None:
    with pytest.raises(UserError) as caught:
        run_as(
            accounts,
            pod=PodSecurityContext(**pod),  # type: ignore[arg-type]
            container=SecurityContext(**container),  # type: ignore[arg-type]
            image_user=image_user,
            where=WHERE,
        )

    assert str(caught.value) == text


@pytest.mark.parametrize(
    "pod",
    [
        {},
        {"run_as_user": 1000},
        {"run_as_non_root": True},
        {
            "run_as_user": 1000,
            "run_as_group": 1000,
            "supplemental_groups": (4, 6),
            "fs_group": 1000,
        },
    ],
)
def test_an_ordinary_users_agent_runs_as_that_user(pod: dict[str, object]) -> None:
    found = run_as(ME, pod=PodSecurityContext(**pod), container=None, where=WHERE)  # type: ignore[arg-type]

    assert (found.identity, found.name, found.home) == (None, "me", "/home/me")


def test_a_non_root_image_passes_the_non_root_check() -> None:
    wanted = SecurityContext(run_as_non_root=True)

    found = run_as(ROOT, pod=None, container=wanted, image_user="33", where=WHERE)

    assert found.identity == Identity(uid=33, gid=34, groups=(6,))


def test_odd_lines_of_the_account_files_do_not_matter(tmp_path: Path) -> None:
    passwd, group = tmp_path / "passwd", tmp_path / "group"
    passwd.write_text("a:x:5:6:A:/home/a:/bin/sh\n\n+nis\nb:x:x:1::/:\nc:x:7:8::\n")
    group.write_text("g:x:6:a,b\nh:x:9:\nbroken\ni:x:10\n")

    accounts = read_accounts(str(passwd), str(group))

    assert accounts.users == (Account("a", 5, 6, "/home/a"), Account("c", 7, 8, "/"))
    assert accounts.groups == (Group("g", 6, ("a", "b")), Group("h", 9, ()), Group("i", 10, ()))
    assert read_accounts(str(tmp_path / "no"), str(tmp_path / "no")).users == ()


def test_accounts_are_read_again_when_a_file_changed(tmp_path: Path) -> None:
    passwd, group = tmp_path / "passwd", tmp_path / "group"
    passwd.write_text("a:x:5:6::/:\n")
    first = read_accounts(str(passwd), str(group))

    same = read_accounts(str(passwd), str(group))
    replacement = tmp_path / "new"
    replacement.write_text("b:x:5:6::/:\n")
    replacement.rename(passwd)
    group.write_text("g:x:6:\n")

    assert same is first
    assert read_accounts(str(passwd), str(group)).users == (Account("b", 5, 6, "/"),)
    assert read_accounts(str(passwd), str(group)).groups == (Group("g", 6, ()),)
