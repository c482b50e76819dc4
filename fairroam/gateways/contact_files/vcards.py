"""vCard: 3.0 and 4.0 are read, also the 2.1 of old phones; 4.0 is written (RFC 6350)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from vobject.base import ParseError, VObjectError, readOne

from fairroam.gateways.contact_files import (
    CARDS_MAX,
    Card,
    NotReadable,
    Reading,
    bounded,
    decoded,
)

CARD = re.compile(r"^BEGIN:VCARD[ \t]*$(.*?)^END:VCARD[ \t]*$", re.M | re.S | re.I)
# What is long and not kept goes before anything reads it: its line, and those that carry it on.
PICTURES = re.compile(
    r"^(?:[\w-]+\.)?(?:PHOTO|LOGO|SOUND|KEY)[;:].*\n(?:(?:[ \t].*|)\n)*", re.M | re.I
)
DATE = re.compile(r"^(\d{4}|--)-?(\d\d)-?(\d\d)")
_read_one: Callable[..., Any] = readOne
FOLD_AT = 75  # octets of a line, without its end (RFC 6350, section 3.2)


def read(content: bytes) -> Reading:
    """The cards of a .vcf file. Raises NotReadable when there is none, or more than CARDS_MAX."""
    text = re.sub(r"\r\n?", "\n", decoded(content))
    text, pictures = PICTURES.subn("", text)
    found = [match.group(0) for match in CARD.finditer(text)]
    if not found or len(found) > CARDS_MAX:
        raise NotReadable("no card" if not found else "too many")
    cards = [card for one in found if (card := _card(one)) is not None]
    return Reading(cards=tuple(cards), unreadable=len(found) - len(cards), pictures=pictures)


def _card(text: str) -> Card | None:
    try:
        component = _read_one(text, allowQP="QUOTED-PRINTABLE" in text.upper())
        lines: dict[str, list[Any]] = {}
        for line in component.getChildren():
            lines.setdefault(line.name, []).append(line.value)
    except (VObjectError, ParseError, ValueError, IndexError, AttributeError):
        return None  # The library stumbles over what is cut off in more than one way.
    return bounded(
        name=_first(lines, "FN") or " ".join(_words(lines, "N")),
        organisation=", ".join(_words(lines, "ORG")),
        phones=[re.sub(r"^tel:", "", str(one), flags=re.I) for one in lines.get("TEL", [])],
        emails=[re.sub(r"^mailto:", "", str(one), flags=re.I) for one in lines.get("EMAIL", [])],
        address=_address(lines),
        birthday=_birthday(_first(lines, "BDAY")),
        note="\n".join(str(one) for one in lines.get("NOTE", [])),
    )


def _first(lines: dict[str, list[Any]], name: str) -> str:
    return str(next(iter(lines.get(name, [])), ""))


def _words(lines: dict[str, list[Any]], name: str) -> list[str]:
    """The parts of a structured line that are not empty."""
    value = next(iter(lines.get(name, [])), "")
    parts = value if isinstance(value, list) else str(value).splitlines()
    return [" ".join(str(part).split()) for part in parts if str(part).strip()]


def _address(lines: dict[str, list[Any]]) -> str:
    """The parts of the first address, one a line."""
    value = next(iter(lines.get("ADR", [])), None)
    names = ("box", "extended", "street", "code", "city", "region", "country")
    parts = [getattr(value, name, "") for name in names]
    texts = [" ".join(part) if isinstance(part, list) else str(part) for part in parts]
    return "\n".join(text.strip() for text in texts if text.strip())


def _birthday(text: str) -> str:
    known = DATE.match(text)
    if known is None:
        return ""
    year, month, day = known.groups()
    return f"--{month}-{day}" if year == "--" else f"{year}-{month}-{day}"


def write(cards: Iterable[Card]) -> Iterator[str]:
    """Each card as vCard 4.0, lines folded, ended by CR LF."""
    for card in cards:
        lines = ["BEGIN:VCARD", "VERSION:4.0", f"FN:{_escaped(card.name)}"]
        lines += [f"ORG:{_escaped(card.organisation)}"] if card.organisation else []
        lines += [f"TEL:{_escaped(number)}" for number in card.phones]
        lines += [f"EMAIL:{_escaped(mail)}" for mail in card.emails]
        lines += [f"ADR:;;{_escaped(card.address)};;;;"] if card.address else []
        lines += [f"BDAY:{_basic(card.birthday)}"] if DATE.match(card.birthday) else []
        lines += [f"NOTE:{_escaped(card.note)}"] if card.note else []
        yield "".join(_folded(line) for line in [*lines, "END:VCARD"])


def _basic(birthday: str) -> str:
    """A date as vCard 4.0 writes it: "19900412", "--0412" (RFC 6350, section 4.3.1)."""
    known = DATE.match(birthday)
    assert known is not None
    return "".join(known.groups())


def _escaped(text: str) -> str:
    for sign in "\\,;":
        text = text.replace(sign, f"\\{sign}")
    return text.replace("\n", "\\n")


def _folded(line: str) -> str:
    """The line in pieces of FOLD_AT octets; no letter is cut in two."""
    pieces, room = [""], FOLD_AT
    for letter in line:
        size = len(letter.encode())
        if size > room:
            pieces.append(" ")
            room = FOLD_AT - 1
        pieces[-1] += letter
        room -= size
    return "\r\n".join(pieces) + "\r\n"
