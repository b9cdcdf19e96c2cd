"""Which texts are valid names, keys and values? (apimachinery: pkg/util/validation)

Each function returns the messages of what is wrong with the text; none when it is valid. Lengths
are bytes of UTF-8, as in Go.
"""

from __future__ import annotations

Messages = list[str]

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_LOWER = _LETTERS + "0123456789"
_ALNUM = _LETTERS.upper() + _LOWER
_LABEL_CHARACTERS = _LOWER + "-"
_NAME_CHARACTERS = _ALNUM + "-_."

_LABEL_FORMAT = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_UNDERSCORE_FORMAT = "_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?"
_QUALIFIED_FORMAT = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_ENDS = "and must start and end with an alphanumeric character"
_QUALIFIED_RULE = f"must consist of alphanumeric characters, '-', '_' or '.', {_ENDS}"

MAX_INT32 = 2**31 - 1


def size(text: str) -> int:
    """Length in bytes of UTF-8."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def too_long(maximum: int) -> str:
    """The message for more than `maximum` bytes."""
    return f"must be no more than {maximum} characters"


def out_of_range(low: int, high: int) -> str:
    """The message for a number outside low..high."""
    return f"must be between {low} and {high}, inclusive"


def _mismatch(rule: str, pattern: str, *examples: str) -> str:
    """The message for a text that does not match `pattern` (validation.RegexError)."""
    shown = ",  or ".join(f"'{example}'" for example in examples)
    return f"{rule} (e.g. {shown}, regex used for validation is '{pattern}')"


def _consists_of(text: str, characters: str) -> bool:
    """Not empty, and nothing but `characters`."""
    return bool(text) and not text.strip(characters)


def _is_label(text: str) -> bool:
    return _consists_of(text, _LABEL_CHARACTERS) and text[0] != "-" and text[-1] != "-"


def _is_subdomain(text: str) -> bool:
    return all(map(_is_label, text.split(".")))


def _is_underscore_label(text: str) -> bool:
    rest = text.removeprefix("_")
    return (
        _consists_of(rest, _LABEL_CHARACTERS + "_") and rest[0] not in "-_" and rest[-1] not in "-_"
    )


def _is_name(text: str) -> bool:
    return _consists_of(text, _NAME_CHARACTERS) and text[0] not in "-_." and text[-1] not in "-_."


def dns_label(text: str) -> Messages:
    """RFC 1123 label, such as a container's name (IsDNS1123Label)."""
    messages = [] if size(text) <= 63 else [too_long(63)]
    if _is_label(text):
        return messages
    if _is_subdomain(text):
        messages.append("must not contain dots")
        return messages
    rule = (
        "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', "
        + _ENDS
    )
    messages.append(_mismatch(rule, _LABEL_FORMAT, "my-name", "123-abc"))
    return messages


def dns_subdomain(text: str) -> Messages:
    """RFC 1123 subdomain, such as a pod's name (IsDNS1123Subdomain)."""
    messages = [] if size(text) <= 253 else [too_long(253)]
    if not _is_subdomain(text):
        rule = (
            "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, "
            f"'-' or '.', {_ENDS}"
        )
        pattern = rf"{_LABEL_FORMAT}(\.{_LABEL_FORMAT})*"
        messages.append(_mismatch(rule, pattern, "example.com"))
    return messages


def dns_search(text: str) -> Messages:
    """A subdomain that may have underscores (IsDNS1123SubdomainWithUnderscore)."""
    messages = [] if size(text) <= 253 else [too_long(253)]
    if not all(map(_is_underscore_label, text.split("."))):
        rule = (
            "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, "
            f"'_', '-' or '.', {_ENDS}"
        )
        pattern = rf"{_UNDERSCORE_FORMAT}(\.{_UNDERSCORE_FORMAT})*"
        messages.append(_mismatch(rule, pattern, "example.com"))
    return messages


def dns_subdomain_prefix(text: str) -> Messages:
    """A text to which more is appended to make a subdomain: it may end in a dash (generateName)."""
    if size(text) > 1 and text.endswith("-"):
        # Exactly what Kubernetes does: the dash is taken for a character that will follow.
        text = text[:-2] + "a"
    return dns_subdomain(text)


def qualified_name(text: str) -> Messages:
    """Key of a label or annotation: a name with an optional domain prefix (IsQualifiedName)."""
    parts = text.split("/")
    if len(parts) > 2:
        wrong = _mismatch(
            f"a qualified name {_QUALIFIED_RULE}", _QUALIFIED_FORMAT, "MyName", "my.name", "123-abc"
        )
        return [
            f"{wrong} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
        ]
    messages: Messages = []
    if len(parts) == 2:
        if not parts[0]:
            messages.append("prefix part must be non-empty")
        else:
            messages.extend(f"prefix part {message}" for message in dns_subdomain(parts[0]))
    name = parts[-1]
    if not name:
        messages.append("name part must be non-empty")
    elif size(name) > 63:
        messages.append(f"name part {too_long(63)}")
    if not _is_name(name):
        rule = f"name part {_QUALIFIED_RULE}"
        messages.append(_mismatch(rule, _QUALIFIED_FORMAT, "MyName", "my.name", "123-abc"))
    return messages


def label_value(text: str) -> Messages:
    """Value of a label (IsValidLabelValue)."""
    messages = [] if size(text) <= 63 else [too_long(63)]
    if text and not _is_name(text):
        rule = (
            "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' "
            f"or '.', {_ENDS}"
        )
        messages.append(_mismatch(rule, f"({_QUALIFIED_FORMAT})?", "MyValue", "my_value", "12345"))
    return messages


def port_name(text: str) -> Messages:
    """IANA service name in lower case (IsValidPortName)."""
    messages = [] if size(text) <= 15 else [too_long(15)]
    if not _consists_of(text, _LABEL_CHARACTERS):
        messages.append("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)")
    if not any(character in _LETTERS for character in text):
        messages.append("must contain at least one letter (a-z)")
    if "--" in text:
        messages.append("must not contain consecutive hyphens")
    if text.startswith("-") or text.endswith("-"):
        messages.append("must not begin or end with a hyphen")
    return messages


def port_number(port: int) -> Messages:
    """1 to 65535 (IsValidPortNum)."""
    return [] if 1 <= port <= 65535 else [out_of_range(1, 65535)]


def http_header_name(text: str) -> Messages:
    """Name of a request header (IsHTTPHeaderName)."""
    if _consists_of(text, _ALNUM + "-"):
        return []
    rule = "a valid HTTP header must consist of alphanumeric characters or '-'"
    return [_mismatch(rule, "[-A-Za-z0-9]+", "X-Header-Name")]


def env_name(text: str) -> Messages:
    """Name of an environment variable: printable ASCII without '=' (IsRelaxedEnvVarName)."""
    if not text:
        return ["environment variable name must be non-empty"]
    if text.isascii() and text.isprintable() and "=" not in text:
        return []
    return [
        "a valid environment variable name must consist only of printable ASCII characters "
        "other than '='"
    ]


def config_key(text: str) -> Messages:
    """Key of a ConfigMap or Secret (IsConfigMapKey)."""
    messages = [] if size(text) <= 253 else [too_long(253)]
    if not _consists_of(text, _NAME_CHARACTERS):
        rule = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'"
        messages.append(_mismatch(rule, "[-._a-zA-Z0-9]+", "key.name", "KEY_NAME", "key-name"))
    if text in (".", ".."):
        messages.append(f"must not be '{text}'")
    elif text.startswith(".."):
        messages.append("must not start with '..'")
    return messages


def user_or_group_id(number: int) -> Messages:
    """Numeric user or group (IsValidUserID, IsValidGroupID)."""
    return [] if 0 <= number <= MAX_INT32 else [out_of_range(0, MAX_INT32)]


def not_negative(number: int) -> Messages:
    """Zero or more (ValidateNonnegativeField)."""
    return [] if number >= 0 else ["must be greater than or equal to 0"]


def file_mode(mode: int) -> Messages:
    """Permission bits of a file."""
    if 0 <= mode <= 0o777:
        return []
    return ["must be a number between 0 and 0777 (octal), both inclusive"]


def no_backsteps(path: str) -> Messages:
    """A path without `..` elements (validatePathNoBacksteps)."""
    return ["must not contain '..'"] if ".." in path.split("/") else []


def descending_path(path: str) -> Messages:
    """A relative path that stays below where it starts (validateLocalDescendingPath)."""
    absolute = ["must be a relative path"] if path.startswith("/") else []
    return absolute + no_backsteps(path)


def free_path(path: str) -> Messages:
    """A descending path whose name does not begin with `..` (ValidateLocalNonReservedPath)."""
    messages = descending_path(path)
    if path.startswith("..") and not path.startswith("../"):
        messages.append("must not start with '..'")
    return messages
