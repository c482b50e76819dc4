"""CSV: one contact a row, the first row names the columns; whose names mean what can be chosen."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping

from fairroam.gateways.contact_files import (
    CARDS_MAX,
    Card,
    NotReadable,
    Reading,
    bounded,
    decoded,
)
from fairroam.rules.cells import meant_by, safe_cell

FIELDS = ("name", "organisation", "phones", "emails", "address", "birthday", "note")
COLUMNS_MAX = 200
# How other address books call their columns, in lower case; a number at the end is not told apart.
KNOWN_NAMES = {
    "name": ("name", "full name", "display name", "first name", "given name", "middle name",
             "last name", "family name", "姓名", "名字", "姓", "名"),
    "organisation": ("organisation", "organization", "company", "organization name",
                     "公司", "单位"),
    "phones": ("phone", "phones", "phone value", "mobile", "mobile phone", "home phone",
               "business phone", "telephone", "手机", "电话", "手机号", "手机号码", "电话号码"),
    "emails": ("email", "emails", "e-mail", "e-mail value", "e-mail address", "email address",
               "邮箱", "电子邮件", "电子邮箱"),
    "address": ("address", "home address", "address formatted", "地址"),
    "birthday": ("birthday", "生日"),
    "note": ("note", "notes", "备注"),
}  # fmt: skip


def columns(content: bytes) -> tuple[str, ...]:
    """The names in the first row. Raises NotReadable."""
    return tuple(next(_rows(decoded(content)), []))


def guessed(names: Iterable[str]) -> dict[int, str]:
    """Which columns we know: place -> field."""
    field_of = {name: field for field, known in KNOWN_NAMES.items() for name in known}
    plain = [" ".join(name.lower().replace("-", " ").split()) for name in names]
    spoken = [" ".join(word for word in name.split() if not word.isdecimal()) for name in plain]
    hyphened = {name.replace("-", " "): field for name, field in field_of.items()}
    return {place: hyphened[name] for place, name in enumerate(spoken) if name in hyphened}


def read(content: bytes, meaning: Mapping[int, str] | None = None) -> Reading:
    """The rows as cards; `meaning`: place of a column -> field, else as guessed.

    Several columns of one field follow one another; phones and e-mail addresses in one cell are
    parted by line ends, ";" or ":::". Raises NotReadable: no column known, too many rows.
    """
    rows = _rows(decoded(content))
    names = next(rows, [])
    places = dict(meaning) if meaning is not None else guessed(names)
    if not places:
        raise NotReadable("no column")
    cards: list[Card] = []
    unreadable = 0
    for count, row in enumerate(rows):
        if count == CARDS_MAX:
            raise NotReadable("too many")
        card = _card(row, places)
        if card is not None:
            cards.append(card)
        unreadable += card is None and any(row)
    return Reading(cards=tuple(cards), unreadable=unreadable)


def _rows(text: str) -> Iterator[list[str]]:
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    try:
        for row in csv.reader(io.StringIO(text.replace("\0", "")), delimiter=delimiter):
            yield [meant_by(cell) for cell in row[:COLUMNS_MAX]]
    except csv.Error:
        raise NotReadable("no table") from None


def _card(row: list[str], places: Mapping[int, str]) -> Card | None:
    said: dict[str, list[str]] = {field: [] for field in FIELDS}
    for place, field in places.items():
        if place < len(row) and row[place].strip():
            said[field].append(row[place])
    return bounded(
        name=" ".join(said["name"]),
        organisation=", ".join(said["organisation"]),
        phones=_several(said["phones"]),
        emails=_several(said["emails"]),
        address="\n".join(said["address"]),
        birthday=" ".join(said["birthday"]),
        note="\n".join(said["note"]),
    )


def _several(cells: list[str]) -> list[str]:
    return "\n".join(cells).replace(":::", "\n").replace(";", "\n").split("\n")


def write(cards: Iterable[Card]) -> Iterator[str]:
    """The first row and one per card, with safe cells; begins with the mark of UTF-8."""
    yield "\ufeff" + _line(FIELDS)
    for card in cards:
        yield _line(
            [
                card.name,
                card.organisation,
                "\n".join(card.phones),
                "\n".join(card.emails),
                card.address,
                card.birthday,
                card.note,
            ]
        )


def _line(cells: Iterable[str]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerow([safe_cell(cell) for cell in cells])
    return buffer.getvalue()
