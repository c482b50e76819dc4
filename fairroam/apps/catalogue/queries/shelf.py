"""What is sold, kept in a process for as long as it stays the same.

Every change of a table of the catalogue, whoever makes it, gives the whole a new edition: triggers
of the database see to that, in the transaction of the change. A page asks once which edition it
shows, and reads of it only what no page of this process has read yet.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Any, ParamSpec, TypeVar
from uuid import UUID, uuid4

from fairroam.apps.journal.queries.planned import ask

EDITION = "SELECT key FROM catalogue_edition"

Words = ParamSpec("Words")
Found = TypeVar("Found")


class Shelf:
    """All that was read so far of one edition. What stands here is shared: nobody changes it."""

    def __init__(self, edition: str) -> None:
        self.edition = edition
        self.read: dict[Hashable, Any] = {}


class Reader:
    """One page: it shows one edition, asked for when first needed."""

    newest = Shelf("")  # the only one that a process keeps

    def __init__(self) -> None:
        self.taken: Shelf | None = None

    @property
    def shelf(self) -> Shelf:
        # Asked before anything is read: what is older than its edition never stands here.
        return self.taken or self.take(present_edition())

    def take(self, edition: str) -> Shelf:
        newest = Reader.newest
        self.taken = newest if newest.edition == edition else Shelf(edition)
        Reader.newest = self.taken
        return self.taken


_reader: ContextVar[Reader | None] = ContextVar("reader", default=None)


def present_edition() -> str:
    """What changes with everything that the catalogue says; never the same for two states of it."""
    found = ask(EDITION)()
    return str(found[0][0]) if found else str(uuid4())


def edition() -> str:
    """The edition that is read here: a page's own, else the present one."""
    reader = _reader.get()
    return reader.shelf.edition if reader else present_edition()


def take_edition(key: UUID | None) -> None:
    """Let the page that is made here show this edition: `EDITION` was asked beside something else.

    A page that has begun to read keeps its own; None (nothing was ever sold) tells nothing.
    """
    reader = _reader.get()
    if reader is not None and reader.taken is None and key is not None:
        reader.take(str(key))


@contextmanager
def reading() -> Iterator[None]:
    """Let all reads inside be of one edition, and none of them be made twice by this process."""
    token = _reader.set(Reader())
    try:
        yield
    finally:
        _reader.reset(token)


def kept(read: Callable[Words, Found]) -> Callable[Words, Found]:
    """A read whose answer stays the same for an edition; outside of `reading` it is made anew."""

    @wraps(read)
    def found(*args: Words.args, **words: Words.kwargs) -> Found:
        reader = _reader.get()
        if reader is None:
            return read(*args, **words)
        shelf, key = reader.shelf.read, (read, args, tuple(words.items()))
        if key not in shelf:
            shelf[key] = read(*args, **words)
        answer: Found = shelf[key]
        return answer

    return found
