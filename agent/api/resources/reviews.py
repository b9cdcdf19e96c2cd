"""Who am I, and what may I do? Answers for `kubectl auth`."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from agent.api.access.rights import READER_VERBS, may, withheld
from agent.api.machinery.call import Call, User
from agent.model.base import Object
from agent.model.review import (
    NonResourceRule,
    ResourceRule,
    SelfSubjectAccessReview,
    SelfSubjectReview,
    SelfSubjectReviewStatus,
    SelfSubjectRulesReview,
    SubjectAccessReviewStatus,
    SubjectRulesReviewStatus,
    UserInfo,
)


async def access(call: Call, given: Any) -> Object:
    """Whether the user may do this one thing."""
    review: SelfSubjectAccessReview = given
    asked, path = review.spec.resource_attributes, review.spec.non_resource_attributes
    if asked is not None:
        allowed = may(call.user, asked.verb, asked.group, asked.resource, asked.subresource)
    else:
        allowed = not call.user.is_reader or (path is not None and path.verb in READER_VERBS)
    reason = "" if allowed else "a read-only credential"
    status = SubjectAccessReviewStatus(allowed=allowed, reason=reason)
    return _answered(call, review, status)


async def rules(call: Call, given: Any) -> Object:
    """All that the user may do."""
    review: SelfSubjectRulesReview = given
    verbs = tuple(READER_VERBS) if call.user.is_reader else ("*",)
    groups = resources = ("*",)
    notes = f"but not {', '.join(withheld())}" if call.user.is_reader else ""
    status = SubjectRulesReviewStatus(
        resource_rules=(ResourceRule(verbs=verbs, api_groups=groups, resources=resources),),
        non_resource_rules=(NonResourceRule(verbs=verbs, non_resource_urls=("*",)),),
        evaluation_error=notes,
        incomplete=bool(notes),
    )
    return _answered(call, review, status)


async def subject(call: Call, given: Any) -> Object:
    """Who the user is."""
    review: SelfSubjectReview = given
    return _answered(call, review, SelfSubjectReviewStatus(user_info=_info(call.user)))


def _info(user: User) -> UserInfo:
    return UserInfo(username=user.name, groups=(*user.groups, "system:authenticated"))


def _answered(call: Call, review: Any, status: Any) -> Object:
    answered: Object = replace(
        review, kind=call.resource.kind, api_version=call.resource.api_version, status=status
    )
    return answered
