"""Whom does a container run as? securityContext and the image's user become an `Identity`."""

from __future__ import annotations

import os
from collections.abc import Iterator

import msgspec

from agent.host.process import Identity
from agent.model.security import PodSecurityContext, SecurityContext

_MAX_ID = 2**31 - 1


class UserError(Exception):
    """The container cannot run as the wanted user; `str()` is the message for its status."""


class Account(msgspec.Struct, frozen=True):
    """One line of /etc/passwd."""

    name: str
    uid: int
    gid: int
    home: str


class Group(msgspec.Struct, frozen=True):
    """One line of /etc/group."""

    name: str
    gid: int
    members: tuple[str, ...]


class Accounts(msgspec.Struct, frozen=True):
    """The host's users and groups, and whom the agent itself runs as."""

    users: tuple[Account, ...]
    groups: tuple[Group, ...]
    own_uid: int
    own_gid: int
    own_groups: frozenset[int] = frozenset()

    def by_name(self, name: str) -> Account | None:
        """The user of this name."""
        return next((user for user in self.users if user.name == name), None)

    def by_uid(self, uid: int) -> Account | None:
        """The first user with this number."""
        return next((user for user in self.users if user.uid == uid), None)


class RunAs(msgspec.Struct, frozen=True, kw_only=True):
    """The result: `identity` is None if the agent's own is kept; `home` goes into HOME."""

    identity: Identity | None
    name: str
    home: str


class _Wish(msgspec.Struct, frozen=True):
    """What pod, container and image ask for together; None is not asked."""

    uid: int | None
    gid: int | None
    name: str


#: What was read last, for the versions of the files that it was read from.
_last_read: tuple[object, Accounts] | None = None


def read_accounts(passwd: str = "/etc/passwd", group: str = "/etc/group") -> Accounts:
    """The host's accounts; a file that is missing counts as empty.

    Files that did not change are not read again: every start of a container asks.
    """
    global _last_read
    own = os.getuid(), os.getgid(), frozenset(os.getgroups())
    version = passwd, _version(passwd), group, _version(group), own
    if _last_read is None or _last_read[0] != version:
        users = tuple(_users(_lines(passwd)))
        groups = tuple(_groups(_lines(group)))
        _last_read = version, Accounts(users, groups, *own)
    return _last_read[1]


def run_as(
    accounts: Accounts,
    *,
    pod: PodSecurityContext | None,
    container: SecurityContext | None,
    image_user: str = "",
    where: str,
) -> RunAs:
    """Resolve the user of a container (`UserError`).

    The container's settings go before the pod's and those before the image's user ("name",
    "uid", "name:group", "uid:gid"). The primary group is runAsGroup, else the image's, else the
    account's, else 0; supplementary groups are those of /etc/group (unless the policy is Strict),
    supplementalGroups and fsGroup.
    `where` is Kubernetes' suffix `pod: "NAME_NS(UID)", container: NAME`.

    kubelet: kuberuntime/security_context.go verifyRunAsNonRoot; containerd: oci.WithUser,
    WithAdditionalGIDs.
    """
    pod = pod or PodSecurityContext()
    container = container or SecurityContext()
    wish = _wish(accounts, pod, container, image_user)
    _check_non_root(accounts, pod, container, image_user, where)
    account = _account(accounts, wish)
    uid = account.uid if account is not None else _first(wish.uid, accounts.own_uid)
    home, name = (account.home, account.name) if account is not None else ("/", "")
    default_gid = account.gid if account is not None else 0
    if accounts.own_uid != 0:
        _check_own(accounts, pod, uid, wish.gid)
        return RunAs(identity=None, name=name, home=home)
    identity = Identity(
        uid=uid,
        gid=_first(wish.gid, default_gid),
        groups=_supplementary(accounts, pod, name),
    )
    return RunAs(identity=identity, name=name, home=home)


def _wish(
    accounts: Accounts, pod: PodSecurityContext, container: SecurityContext, image_user: str
) -> _Wish:
    image_name, _, image_group = image_user.partition(":")
    uid = container.run_as_user if container.run_as_user is not None else pod.run_as_user
    gid = container.run_as_group if container.run_as_group is not None else pod.run_as_group
    if uid is None:
        if gid is None and image_group:
            gid = _group_number(accounts, image_group)
        if _is_number(image_name):
            return _Wish(int(image_name), gid, "")
        return _Wish(None, gid, image_name)
    return _Wish(uid, gid, "")


def _check_non_root(
    accounts: Accounts,
    pod: PodSecurityContext,
    container: SecurityContext,
    image_user: str,
    where: str,
) -> None:
    wanted = (
        container.run_as_non_root if container.run_as_non_root is not None else pod.run_as_non_root
    )
    if not wanted:
        return
    uid = container.run_as_user if container.run_as_user is not None else pod.run_as_user
    if uid is not None:
        if uid == 0:
            raise UserError(f"container's runAsUser breaks non-root policy ({where})")
        return
    name = image_user.partition(":")[0]
    image_uid = int(name) if _is_number(name) else accounts.own_uid
    if name and not _is_number(name):
        raise UserError(
            f"container has runAsNonRoot and image has non-numeric user ({name}), "
            f"cannot verify user is non-root ({where})"
        )
    if image_uid == 0:
        raise UserError(f"container has runAsNonRoot and image will run as root ({where})")


def _account(accounts: Accounts, wish: _Wish) -> Account | None:
    if wish.name:
        account = accounts.by_name(wish.name)
        if account is None:
            raise UserError(f"unable to find user {wish.name}: no matching entries in passwd file")
        return account
    return accounts.by_uid(_first(wish.uid, accounts.own_uid))


def _check_own(accounts: Accounts, pod: PodSecurityContext, uid: int, gid: int | None) -> None:
    """An ordinary user's agent can only run processes as that user."""
    if uid != accounts.own_uid:
        raise UserError(
            f"cannot run as user {uid}: barepod runs as user {accounts.own_uid}, not as root"
        )
    own = accounts.own_groups | {accounts.own_gid}
    wanted = [number for number in (*pod.supplemental_groups, pod.fs_group) if number is not None]
    foreign = [number for number in wanted if number not in own]
    if gid is not None and gid != accounts.own_gid:
        foreign.insert(0, gid)
    if foreign:
        raise UserError(
            f"cannot run with group {foreign[0]}: barepod runs as user {accounts.own_uid}, "
            "not as root"
        )


def _supplementary(accounts: Accounts, pod: PodSecurityContext, name: str) -> tuple[int, ...]:
    found: dict[int, None] = {}
    if name and pod.supplemental_groups_policy != "Strict":
        found.update((group.gid, None) for group in accounts.groups if name in group.members)
    found.update((gid, None) for gid in pod.supplemental_groups)
    if pod.fs_group is not None:
        found[pod.fs_group] = None
    return tuple(found)


def _group_number(accounts: Accounts, text: str) -> int:
    if _is_number(text):
        return int(text)
    for group in accounts.groups:
        if group.name == text:
            return group.gid
    raise UserError(f"unable to find group {text}: no matching entries in group file")


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and int(text) <= _MAX_ID


def _first(value: int | None, default: int) -> int:
    return default if value is None else value


def _version(path: str) -> tuple[int, ...]:
    try:
        now = os.stat(path)
    except OSError:
        return ()
    return now.st_dev, now.st_ino, now.st_size, now.st_mtime_ns, now.st_ctime_ns


def _lines(path: str) -> list[str]:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.read().splitlines()
    except FileNotFoundError:
        return []


def _users(lines: list[str]) -> Iterator[Account]:
    for line in lines:
        fields = line.split(":")
        if len(fields) >= 6 and _is_number(fields[2]) and _is_number(fields[3]):
            yield Account(fields[0], int(fields[2]), int(fields[3]), fields[5] or "/")


def _groups(lines: list[str]) -> Iterator[Group]:
    for line in lines:
        fields = line.split(":")
        if len(fields) >= 3 and _is_number(fields[2]):
            members = tuple(filter(None, fields[3].split(","))) if len(fields) > 3 else ()
            yield Group(fields[0], int(fields[2]), members)
