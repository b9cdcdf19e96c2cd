"""Which run of a container counts?"""

from __future__ import annotations

from collections.abc import Iterable

from agent.model.runtime import ContainerRun


def newest_first(runs: Iterable[ContainerRun]) -> list[ContainerRun]:
    """Return the runs of all containers, the youngest first (equal ages keep their order)."""
    return sorted(runs, key=lambda run: run.created_at, reverse=True)


def latest_by_name(runs: Iterable[ContainerRun]) -> dict[str, ContainerRun]:
    """Return the youngest run of each container (kubelet: PodStatus.FindContainerStatusByName)."""
    latest: dict[str, ContainerRun] = {}
    for run in newest_first(runs):
        latest.setdefault(run.name, run)
    return latest
