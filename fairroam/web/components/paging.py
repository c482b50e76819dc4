"""Long lists, a page at a time. What was chosen stays in the address."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest

SIZE = 50
DIGITS_MAX = 10
Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class PageOf(Generic[Row]):
    """Some rows of a list. first, last: their places in it, from 1; total: how many it has.

    back, on: the addresses of the pages beside this one; "" where there is none.
    """

    rows: Sequence[Row]
    first: int
    last: int
    total: int
    back: str
    on: str

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def each(self, made: Callable[[Row], Any]) -> PageOf[Any]:
        """The same page of what each of its rows is made into."""
        return replace(self, rows=[made(row) for row in self.rows])


def page_of(
    rows: Sequence[Row] | QuerySet[Any, Row], request: HttpRequest, *, name: str = "page"
) -> PageOf[Row]:
    """The page that the address names; the nearest one that there is.

    name: of the number in the address, where a page has more than one list.
    """
    asked = request.GET.get(name, "")
    is_number = asked.isascii() and asked.isdecimal() and len(asked) < DIGITS_MAX
    page = Paginator(rows, SIZE).get_page(max(int(asked), 1) if is_number else 1)
    return placed(list(page.object_list), page.number, page.paginator.count, request, name=name)


def placed(
    rows: Sequence[Row],
    number: int,
    total: int,
    request: HttpRequest,
    *,
    size: int = SIZE,
    name: str = "page",
) -> PageOf[Row]:
    """These rows as the page of that number, from 1, of a list with so many."""

    def address(other: int) -> str:
        said = request.GET.copy()
        said[name] = str(other)
        return f"?{said.urlencode()}"

    before = (number - 1) * size
    last = before + len(rows)
    return PageOf(
        rows=rows,
        first=before + 1 if rows else 0,
        last=last,
        total=total,
        back=address(number - 1) if number > 1 else "",
        on=address(number + 1) if last < total else "",
    )
