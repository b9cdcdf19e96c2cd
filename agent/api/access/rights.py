"""What may a user do? Everything, unless all that he was given is a look."""

from __future__ import annotations

from agent.api.machinery.call import User

#: What a reader may do.
READER_VERBS = ("get", "list", "watch")
#: What a reader does not get to see: it holds secrets, or gives control over processes.
_WITHHELD_RESOURCES = frozenset({"secrets"})
_WITHHELD_SUBRESOURCES = frozenset({"exec", "attach", "portforward"})
#: Questions about oneself change nothing.
_REVIEWS = frozenset({"selfsubjectaccessreviews", "selfsubjectrulesreviews", "selfsubjectreviews"})


def may(user: User, verb: str, group: str, resource: str, subresource: str = "") -> bool:
    """Whether the user may do this with a resource."""
    if not user.is_reader:
        return True
    if resource in _REVIEWS:
        return verb == "create"
    if subresource in _WITHHELD_SUBRESOURCES or (not group and resource in _WITHHELD_RESOURCES):
        return False
    return verb in READER_VERBS


def withheld() -> tuple[str, ...]:
    """What a reader may not even look at."""
    return (
        *sorted(_WITHHELD_RESOURCES),
        *(f"pods/{name}" for name in sorted(_WITHHELD_SUBRESOURCES)),
    )
