"""How a change of a spec is shown."""

from __future__ import annotations

from tests.support.updates import pod, update


def test_the_difference_of_an_ordinary_change_names_the_field() -> None:
    (error,) = update(pod(hostname="h"), pod()).own
    assert '\n- "Hostname": "",\n+ "Hostname": "h",\n' in str(error)


def test_references_are_shown_with_the_names_of_go() -> None:
    (error,) = update(pod(imagePullSecrets=[{"name": "s"}]), pod()).own
    assert '+   "Name": "s"\n' in str(error)
