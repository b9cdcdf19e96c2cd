"""Questions about who one is and what one may do (authentication.k8s.io, authorization.k8s.io)."""

from __future__ import annotations

import msgspec

from agent.model.base import Object, always
from agent.model.meta import ObjectMeta


class ResourceAttributes(Object):
    """What is to be done with which resource."""

    namespace: str = ""
    verb: str = ""
    group: str = ""
    version: str = ""
    resource: str = ""
    subresource: str = ""
    name: str = ""


class NonResourceAttributes(Object):
    """What is to be done with which path."""

    path: str = ""
    verb: str = ""


class SelfSubjectAccessReviewSpec(Object):
    """The question; one of the two is set."""

    resource_attributes: ResourceAttributes | None = None
    non_resource_attributes: NonResourceAttributes | None = None


class SubjectAccessReviewStatus(Object):
    """The answer."""

    allowed: bool = always(factory=bool)
    denied: bool = False
    reason: str = ""
    evaluation_error: str = ""


class SelfSubjectAccessReview(Object):
    """May I do this?"""

    api_version: str = ""
    kind: str = ""
    metadata: ObjectMeta = always(factory=ObjectMeta)
    spec: SelfSubjectAccessReviewSpec = always(factory=SelfSubjectAccessReviewSpec)
    status: SubjectAccessReviewStatus = always(factory=SubjectAccessReviewStatus)


class SelfSubjectRulesReviewSpec(Object):
    """Where."""

    namespace: str = ""


class ResourceRule(Object):
    """Verbs that are allowed on resources."""

    verbs: tuple[str, ...] = always(factory=tuple)
    api_groups: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    resource_names: tuple[str, ...] = ()


class NonResourceRule(Object):
    """Verbs that are allowed on paths."""

    verbs: tuple[str, ...] = always(factory=tuple)
    non_resource_urls: tuple[str, ...] = msgspec.field(name="nonResourceURLs", default=())


class SubjectRulesReviewStatus(Object):
    """All that is allowed."""

    resource_rules: tuple[ResourceRule, ...] = always(factory=tuple)
    non_resource_rules: tuple[NonResourceRule, ...] = always(factory=tuple)
    incomplete: bool = always(factory=bool)
    evaluation_error: str = ""


class SelfSubjectRulesReview(Object):
    """What may I do in a namespace?"""

    api_version: str = ""
    kind: str = ""
    metadata: ObjectMeta = always(factory=ObjectMeta)
    spec: SelfSubjectRulesReviewSpec = always(factory=SelfSubjectRulesReviewSpec)
    status: SubjectRulesReviewStatus = always(factory=SubjectRulesReviewStatus)


class UserInfo(Object):
    """A user, as the API knows one."""

    username: str = ""
    uid: str = ""
    groups: tuple[str, ...] = ()


class SelfSubjectReviewStatus(Object):
    """The answer."""

    user_info: UserInfo = always(factory=UserInfo)


class SelfSubjectReview(Object):
    """Who am I?"""

    api_version: str = ""
    kind: str = ""
    metadata: ObjectMeta = always(factory=ObjectMeta)
    status: SelfSubjectReviewStatus = always(factory=SelfSubjectReviewStatus)
