"""A selector that cannot be understood."""

from __future__ import annotations


class SelectorError(ValueError):
    """The text is the API server's; a request with such a selector is a BadRequest."""
