"""Where does an object come from? Finds the line for a field of an object inside a document."""

from __future__ import annotations

import msgspec

from agent.manifest.document import Document, Part, read_path, show_path
from agent.manifest.errors import FieldError, Problem


class Origin(msgspec.Struct, frozen=True):
    """The place of an object: `base` leads to it inside the document (an item of a List).

    `template` leads on to the pod template when the object is a workload: a path below `spec`, or
    below `metadata` except the name, is then shown where the user wrote it.
    """

    file: str
    document: Document
    base: tuple[Part, ...] = ()
    template: tuple[Part, ...] = ()

    @property
    def value(self) -> object:
        """What is written there."""
        here = self.document.value
        for part in self.base:
            here = here[part]  # type: ignore[index]  # `base` was walked when it was made
        return here

    @property
    def line(self) -> int:
        """Where the object begins."""
        return self.document.line_of(self.base)

    def line_of(self, path: str) -> int:
        """Return the line of a field of the pod, or of the nearest field above it."""
        return self.document.line_of(self.place(read_path(path)))

    def place(self, path: tuple[Part, ...]) -> tuple[Part, ...]:
        """Return where in the document a field of the pod stands."""
        if self.template and path and path[:2] not in (("metadata", "name"), _NAMESPACE):
            return (*self.base, *self.template, *path)
        return (*self.base, *path)

    def problem(self, path: tuple[Part, ...], text: str) -> Problem:
        """A problem at a path of the object as it is written."""
        whole = (*self.base, *path)
        return Problem(self.file, self.document.line_of(whole), show_path(whole), text)

    def field_problem(self, error: FieldError) -> Problem:
        """A problem that validation found in the pod."""
        whole = self.place(read_path(error.path))
        line = self.document.line_of(whole)
        shown = show_path(whole) if self.base or self.template else error.path
        return Problem(self.file, line, shown, error.body)


_NAMESPACE = ("metadata", "namespace")
