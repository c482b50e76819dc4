"""Lists that may be long: read as far as somebody looks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar, overload

Row = TypeVar("Row")


class Rows(Sequence[Row]):
    """Rows that are read when somebody looks: all, a part, or only how many there are.

    found: what a database would give, in order; row: what each of it becomes.
    """

    def __init__(self, found: Any, row: Callable[[Any], Row]) -> None:
        self.found, self.row = found, row

    def __len__(self) -> int:
        many: int = self.found.count()
        return many

    def __iter__(self) -> Iterator[Row]:
        return map(self.row, self.found)

    @overload
    def __getitem__(self, place: int) -> Row: ...
    @overload
    def __getitem__(self, place: slice) -> list[Row]: ...
    def __getitem__(self, place: int | slice) -> Row | list[Row]:
        if isinstance(place, slice):
            return [self.row(one) for one in self.found[place]]
        return self.row(self.found[place])
