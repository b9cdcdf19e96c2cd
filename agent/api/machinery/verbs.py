"""What does a method mean at an address?"""

from __future__ import annotations

from agent.api.machinery.call import Query
from agent.api.machinery.errors import method_not_allowed
from agent.api.machinery.registry import Address

_VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch"}


def verb_of(method: str, address: Address, query: Query) -> str:
    """The verb of a request; APIError when nothing can be done there by this method."""
    if method == "GET":
        if query.truth("watch") and not address.subresource:
            return "watch"
        return "get" if address.name else "list"
    if address.resource.is_namespaced and not address.namespace:
        raise method_not_allowed()
    if method == "DELETE":
        return "delete" if address.name else "deletecollection"
    verb = _VERBS.get(method)
    # Only what hangs below an object is created at the address of one.
    has_object = bool(address.name) and not (method == "POST" and address.subresource)
    if verb is None or has_object is (verb == "create"):
        raise method_not_allowed()
    return verb
