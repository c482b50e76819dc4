"""Address books of other programs: cards in plain words, read from files and written to them.

`vcards` speaks vCard 3.0 and 4.0 (RFC 2426, RFC 6350), `tables` speaks CSV (RFC 4180).
"""

from __future__ import annotations

from dataclasses import dataclass

SIZE_MAX = 10_000_000  # bytes of one file
CARDS_MAX = 5_000  # of one customer, and of one file
NAME_MAX, LINE_MAX, NOTE_MAX, LIST_MAX = 200, 254, 2_000, 10


class NotReadable(Exception):
    """A file that is no address book, too large, or in an encoding that nobody can guess."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One person or company of an address book. Only the name is never empty.

    phones, emails: in the order of their owner's preference, at most LIST_MAX each. birthday:
    "1990-04-12", or "--04-12" where the year is not known. Pictures are not kept.
    """

    name: str
    organisation: str = ""
    phones: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    address: str = ""
    birthday: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a file held. unreadable: cards without a name or cut off; pictures: left out."""

    cards: tuple[Card, ...]
    unreadable: int = 0
    pictures: int = 0


def bounded(
    *,
    name: str,
    organisation: str = "",
    phones: list[str] | None = None,
    emails: list[str] | None = None,
    address: str = "",
    birthday: str = "",
    note: str = "",
) -> Card | None:
    """A card within the bounds above, without what no database holds (NUL); None if nameless.

    Who has no name is called by organisation, address or number, as address books do it.
    """
    numbers = tuple(kept for one in phones or [] if (kept := one_line(one, LINE_MAX)))[:LIST_MAX]
    mails = tuple(kept for one in emails or [] if (kept := one_line(one, LINE_MAX)))[:LIST_MAX]
    firm = one_line(organisation, NAME_MAX)
    called = one_line(name, NAME_MAX) or firm or next(iter(mails + numbers), "")[:NAME_MAX]
    if not called:
        return None
    return Card(
        name=called,
        organisation=firm,
        phones=numbers,
        emails=mails,
        address=clean(address)[:NOTE_MAX],
        birthday=one_line(birthday, 10),
        note=clean(note)[:NOTE_MAX],
    )


def clean(text: str) -> str:
    """Without the characters that no text has: control signs other than line ends and tabs."""
    kept = (sign for sign in text.replace("\r\n", "\n") if sign in "\n\t" or sign.isprintable())
    return "".join(kept).strip()


def one_line(text: str, most: int) -> str:
    return " ".join(clean(text).split())[:most].strip()


def decoded(content: bytes) -> str:
    """The text of a file: UTF-8, UTF-16 by its mark, or GB 18030 as older Chinese programs write.

    Raises NotReadable.
    """
    if len(content) > SIZE_MAX:
        raise NotReadable("too large")
    is_utf16 = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    for encoding in ("utf-16",) if is_utf16 else ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise NotReadable("encoding")
