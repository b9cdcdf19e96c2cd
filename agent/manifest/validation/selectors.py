"""Are selectors over labels and node fields valid?"""

from __future__ import annotations

from agent.manifest.errors import forbidden, invalid, required
from agent.manifest.validation import names
from agent.manifest.validation.metadata import check_labels
from agent.manifest.validation.options import Errors, report
from agent.model.meta import LabelSelector, LabelSelectorRequirement
from agent.model.scheduling import NodeSelectorRequirement, NodeSelectorTerm

_NEEDS_VALUES = "must be specified when `operator` is 'In' or 'NotIn'"
_NO_VALUES = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
_OPERATOR = "not a valid selector operator"


def check_label_selector(selector: LabelSelector | None, path: str, errors: Errors) -> None:
    """Check a label selector (metav1 ValidateLabelSelector)."""
    if selector is None:
        return
    check_labels(selector.match_labels, f"{path}.matchLabels", errors)
    for index, requirement in enumerate(selector.match_expressions):
        _check_label_requirement(requirement, f"{path}.matchExpressions[{index}]", errors)


def _check_label_requirement(
    requirement: LabelSelectorRequirement, path: str, errors: Errors
) -> None:
    _check_operator(requirement, path, errors)
    report(errors, f"{path}.key", requirement.key, names.qualified_name(requirement.key))
    for index, value in enumerate(requirement.values):
        report(errors, f"{path}.values[{index}]", value, names.label_value(value))


def _check_operator(
    requirement: LabelSelectorRequirement | NodeSelectorRequirement, path: str, errors: Errors
) -> None:
    """Check the operators that both kinds of selectors know, and the number of their values."""
    if requirement.operator in ("In", "NotIn"):
        if not requirement.values:
            errors.append(required(f"{path}.values", _NEEDS_VALUES))
    elif requirement.operator in ("Exists", "DoesNotExist"):
        if requirement.values:
            errors.append(forbidden(f"{path}.values", _NO_VALUES))
    else:
        errors.append(invalid(f"{path}.operator", requirement.operator, _OPERATOR))


def check_node_selector_term(
    term: NodeSelectorTerm, path: str, errors: Errors, *, check_values: bool
) -> None:
    """Check one term; values of preferences are not checked (ValidateNodeSelectorTerm)."""
    for index, requirement in enumerate(term.match_expressions):
        at = f"{path}.matchExpressions[{index}]"
        _check_node_requirement(requirement, at, errors, check_values=check_values)
    for index, requirement in enumerate(term.match_fields):
        _check_node_field(requirement, f"{path}.matchFields[{index}]", errors)


def _check_node_requirement(
    requirement: NodeSelectorRequirement, path: str, errors: Errors, *, check_values: bool
) -> None:
    if requirement.operator not in ("Gt", "Lt"):
        _check_operator(requirement, path, errors)
    elif len(requirement.values) != 1:
        wrong = "must be specified single value when `operator` is 'Lt' or 'Gt'"
        errors.append(required(f"{path}.values", wrong))
    report(errors, f"{path}.key", requirement.key, names.qualified_name(requirement.key))
    if check_values:
        for index, value in enumerate(requirement.values):
            report(errors, f"{path}.values[{index}]", value, names.label_value(value))


def _check_node_field(requirement: NodeSelectorRequirement, path: str, errors: Errors) -> None:
    if requirement.operator not in ("In", "NotIn"):
        errors.append(invalid(f"{path}.operator", requirement.operator, _OPERATOR))
    elif len(requirement.values) != 1:
        wrong = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"
        errors.append(required(f"{path}.values", wrong))
    if requirement.key != "metadata.name":
        wrong = "not a valid field selector key"
        errors.append(invalid(f"{path}.key", requirement.key, wrong))
        return
    for index, value in enumerate(requirement.values):
        report(errors, f"{path}.values[{index}]", value, names.dns_subdomain(value))
