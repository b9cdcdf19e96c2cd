"""get: ask for what the arguments mean, and print it as tables or as objects."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from agent.cli.client import sorting
from agent.cli.client.connection import JSON, TABLE, Query
from agent.cli.client.errors import ClientError, PlainError, Refused
from agent.cli.client.kinds import Kind, targets
from agent.cli.client.options import selection
from agent.cli.client.output import Printer, as_list, printer_of, without_managers
from agent.cli.client.session import Session
from agent.cli.client.table import Layout, TableOptions, cells, header
from agent.model.gotext import quote

#: kubectl asks for as many at once, and for the rest later.
_PAGE = ("limit", "500")


class Get(msgspec.Struct, frozen=True, kw_only=True):
    """The options of the command."""

    arguments: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    all_namespaces: bool = False
    selector: str = ""
    field_selector: str = ""
    output: str = ""
    sort_by: str = ""
    watches: bool = False
    watch_only: bool = False
    output_watch_events: bool = False
    label_columns: tuple[str, ...] = ()
    show_labels: bool = False
    show_kind: bool = False
    show_managed_fields: bool = False
    no_headers: bool = False
    ignore_not_found: bool = False
    raw: str = ""


class _Wanted(msgspec.Struct, frozen=True):
    """One question: the objects of a kind in a namespace, or one of them."""

    kind: Kind
    namespace: str
    name: str = ""

    @property
    def path(self) -> str:
        return self.kind.path(self.namespace, self.name)


class Getting:
    """One `barepod get`."""

    def __init__(self, session: Session, get: Get) -> None:
        self._session = session
        self._get = get
        if get.all_namespaces:
            session.namespace = ""
        self._query = selection(get.selector, get.field_selector)

    def run(self) -> None:
        """Print what is there, and what changes if that is wanted; ClientError."""
        if self._get.raw:
            self._raw()
            return
        printer = printer_of(self._get.output, lambda v, k: self._session.kinds.of_object(v, k))
        wanted = self._wanted()
        if self._get.watches or self._get.watch_only:
            self._watch(wanted, printer)
        elif printer is None:
            self._print_tables(wanted)
        else:
            self._print_objects(wanted, printer)

    def _raw(self) -> None:
        with self._session.server.stream(self._get.raw) as pieces:
            for piece in pieces:
                sys.stdout.buffer.write(piece)

    def _wanted(self) -> list[_Wanted]:
        """What the arguments and files mean."""
        get, session = self._get, self._session
        if get.files:
            from agent.cli.client.files import read_objects  # 10 ms that most commands save

            given = read_objects(session, get.files)
            return [_Wanted(one.kind, one.namespace, one.name) for one in given]
        if not get.arguments:
            raise PlainError(
                "You must specify the type of resource to get, such as pods.\n\n"
                "error: Required resource not specified.\n"
                "See 'barepod get -h' for help and examples"
            )
        found = targets(session.kinds, get.arguments)
        if any(target.name for target in found):
            self._refuse_names()
        return [_Wanted(one.kind, session.place(one.kind), one.name) for one in found]

    def _refuse_names(self) -> None:
        if self._query:
            what = "selector" if self._get.selector else "field selector"
            raise ClientError(f"name cannot be provided when a {what} is specified")
        if self._get.all_namespaces:
            raise ClientError("a resource cannot be retrieved by name across all namespaces")

    def _ask(self, wanted: _Wanted, accept: str, more: Query = ()) -> Any:
        """The answer; None when it was refused, which is told, or not found, which may be fine."""
        query = (*more,) if wanted.name else (*self._query, *more)
        try:
            return self._session.server.ask("GET", wanted.path, query, accept=accept)
        except Refused as exc:
            exc = exc if wanted.name else self._selecting(exc, wanted.kind)
            if not (self._get.ignore_not_found and exc.reason == "NotFound"):
                self._session.complain(exc)
            return None

    def _selecting(self, exc: Refused, kind: Kind) -> Refused:
        """A list that was refused, with what was selected (cli-runtime: resource/selector.go)."""
        if not self._query or exc.reason not in ("BadRequest", "NotFound"):
            return exc
        what = f"{kind.group}/{kind.version}, Resource={kind.plural}"
        return Refused(
            {
                **exc.status,
                "message": f'Unable to find "{what}" that match label selector '
                f"{quote(self._get.selector)}, field selector {quote(self._get.field_selector)}: "
                f"{exc}",
            }
        )

    # Objects

    def _print_objects(self, wanted: Iterable[_Wanted], printer: Printer) -> None:
        wanted = list(wanted)
        objects = [obj for one in wanted for obj in self._objects(one)]
        is_single = len(wanted) == 1 and bool(wanted[0].name)
        if not objects and (self._session.has_failed or is_single):
            return
        if self._get.sort_by:
            objects = sorting.sort(objects, objects, self._get.sort_by)
        write = sys.stdout.write
        if printer.is_per_object:
            for obj in objects:
                write(printer.write(obj))
        else:
            write(printer.write(objects[0] if is_single else as_list(objects)))

    def _objects(self, wanted: _Wanted) -> Iterator[Any]:
        """The objects, each with its kind."""
        answer = self._ask(wanted, JSON)
        if answer is None:
            return
        items = [answer] if wanted.name else answer["items"]
        for item in items:
            yield self._shown(item, wanted.kind)

    def _shown(self, item: Any, kind: Kind) -> Any:
        obj = {"apiVersion": kind.api_version, "kind": kind.kind, **item}
        return obj if self._get.show_managed_fields else without_managers(obj)

    # Tables

    def _print_tables(self, wanted: Iterable[_Wanted]) -> None:
        """One table for each kind; those of several kinds have a blank line between them."""
        groups: list[tuple[Kind, list[Any]]] = []
        more: Query = [("includeObject", "Object")] if self._get.sort_by else [_PAGE]
        wanted = list(wanted)
        for one in wanted:
            table = self._ask(one, TABLE, () if one.name and not self._get.sort_by else more)
            if table is None:
                continue
            if not groups or groups[-1][0] != one.kind:
                groups.append((one.kind, []))
            groups[-1][1].append(table)
        has_kinds = len({one.kind.full_plural for one in wanted}) > 1
        self._write_tables(groups, has_kinds=has_kinds)

    def _write_tables(self, groups: Iterable[tuple[Kind, list[Any]]], *, has_kinds: bool) -> None:
        is_first = True
        had_namespace = False
        for kind, tables in groups:
            columns = tables[0]["columnDefinitions"]
            rows = [row for table in tables for row in table["rows"]]
            if not rows:
                continue
            if self._get.sort_by:
                rows = sorting.sort(rows, [row["object"] for row in rows], self._get.sort_by)
            options = self._options(kind, has_kinds=has_kinds)
            # A quirk of kubectl's: after a table with this column the next ones have it too.
            had_namespace = had_namespace or options.with_namespace
            options = msgspec.structs.replace(options, with_namespace=had_namespace)
            shown = [cells(columns, row, options) for row in rows]
            if not self._get.no_headers:
                shown.insert(0, header(columns, options))
                if not is_first:
                    self._session.tell("")
            is_first = False
            for line in Layout().lines(shown):
                self._session.tell(line)
        if is_first and not self._session.has_failed and not self._get.ignore_not_found:
            self._say_nothing_found()

    def _say_nothing_found(self) -> None:
        place = self._session.namespace
        where = f" in {place} namespace" if place and self._has_namespaced() else ""
        sys.stderr.write(f"No resources found{where}{'.' if where else ''}\n")

    def _has_namespaced(self) -> bool:
        return any(one.kind.is_namespaced for one in self._wanted())

    def _options(self, kind: Kind, *, has_kinds: bool = False) -> TableOptions:
        get = self._get
        return TableOptions(
            is_wide=get.output == "wide",
            with_namespace=get.all_namespaces and kind.is_namespaced,
            with_labels=get.show_labels,
            label_columns=tuple(one for text in get.label_columns for one in text.split(",")),
            kind=kind.shown if has_kinds or get.show_kind else "",
        )

    # Changes

    def _watch(self, wanted: list[_Wanted], printer: Printer | None) -> None:
        """What is there, then every change of it, until the server or the user ends it."""
        if len(wanted) != 1:
            raise ClientError("you may only specify a single resource type with --watch")
        (one,) = wanted
        view = _View(self, one.kind, printer)
        version = "0"
        accept = JSON if printer else TABLE
        if one.name:
            answer = self._session.server.ask("GET", one.path, accept=accept)
            query = [("fieldSelector", f"metadata.name={one.name}")]
        else:
            query = self._query
            answer = self._session.server.ask("GET", one.path, (*query, _PAGE), accept=accept)
        version = answer["metadata"].get("resourceVersion", "0")
        if not self._get.watch_only:
            view.show_all(answer, is_list=not one.name)
        above = one.kind.path(one.namespace)
        after = (*query, ("resourceVersion", version))
        for event in self._session.server.events(above, after, accept=accept):
            if event["type"] == "ERROR":
                raise Refused(event["object"])
            if event["type"] != "BOOKMARK":
                view.show(event["type"], event["object"])

    def shown_object(self, item: Any, kind: Kind) -> Any:
        """An object as it is printed."""
        return self._shown(item, kind)

    def table_options(self, kind: Kind) -> TableOptions:
        """What of a table is shown."""
        return self._options(kind)

    @property
    def get(self) -> Get:
        """What was asked for."""
        return self._get


class _View:
    """What a watch shows of its events."""

    def __init__(self, getting: Getting, kind: Kind, printer: Printer | None) -> None:
        self._getting = getting
        self._kind = kind
        self._printer = printer
        self._options = getting.table_options(kind)
        self._layout = Layout()
        self._columns: list[Any] = []
        self._has_header = getting.get.no_headers

    def show_all(self, answer: Any, *, is_list: bool) -> None:
        """What was there when the watch began."""
        if self._printer is None:
            self._rows("ADDED", answer)
        else:
            for item in answer["items"] if is_list else [answer]:
                self.show("ADDED", item)

    def show(self, change: str, obj: Any) -> None:
        """One event."""
        if self._printer is None:
            self._rows(change, obj)
            return
        shown = self._getting.shown_object(obj, self._kind)
        if self._getting.get.output_watch_events:
            shown = {"type": change, "object": shown}
        sys.stdout.write(self._printer.write(shown))
        sys.stdout.flush()

    def _rows(self, change: str, table: Any) -> None:
        self._columns = table["columnDefinitions"] or self._columns
        with_event = self._getting.get.output_watch_events
        rows = [cells(self._columns, row, self._options) for row in table["rows"]]
        if with_event:
            rows = [[change, *row] for row in rows]
        if rows and not self._has_header:
            self._has_header = True
            names = header(self._columns, self._options)
            rows.insert(0, ["EVENT", *names] if with_event else names)
        for line in self._layout.lines(rows):
            sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
