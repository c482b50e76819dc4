"""The texts in other languages: `python -m fairroam.project.messages [--extract]`.

Compiles every django.po to the .mo that Django reads, with Babel, so that no gettext programs
are needed. `--extract` first brings the .po files up to date with templates and Python.

Traditional Chinese is made of Simplified here; zh_Hant's .po holds only what is said otherwise.
"""

from __future__ import annotations

import ast
import io
import os
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import django
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.utils.translation import templatize

from fairroam.rules.traditional import in_traditional

PACKAGE = Path(__file__).resolve().parent.parent
LOCALE = PACKAGE / "locale"
SIMPLIFIED, TRADITIONAL = (
    LOCALE / name / "LC_MESSAGES/django.po" for name in ("zh_Hans", "zh_Hant")
)
KEYWORDS: dict[str, Any] = {
    **DEFAULT_KEYWORDS,
    "gettext_lazy": None,
    "ngettext_lazy": (1, 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
Words = str | tuple[str, ...]  # a text, or its plural forms
Found = tuple[Words, str | None]  # where it is used: its English words and its context


def catalogues() -> list[Path]:
    """Every .po file; English needs none, since the texts stand in English where they are used."""
    return sorted(LOCALE.glob("*/LC_MESSAGES/django.po"))


def whole(path: Path) -> Catalog:
    """All that a language says: what its .po file holds, and what is made of another language."""
    catalogue = read_catalogue(path)
    if path != TRADITIONAL:
        return catalogue
    derived = Catalog(locale=catalogue.locale, domain="django")
    for entry in read_catalogue(SIMPLIFIED):
        if not entry.id:
            continue
        own = catalogue.get(*key_of(entry))
        words = own.string if own else entry.string
        made = words if own else _each(in_traditional, words)
        derived.add(entry.id, made, flags=entry.flags, context=entry.context)
    return derived


def key_of(entry: Message) -> tuple[str, str | None]:
    """By what a catalogue finds an entry: its English text (of two, the singular), its context."""
    return entry.id if isinstance(entry.id, str) else entry.id[0], entry.context


def _each(change: Callable[[str], str], words: Any) -> Words:
    return change(words) if isinstance(words, str) else tuple(map(change, words))


def _in_python(source: str) -> Iterator[Found]:
    for _line, text, _comments, context in extract("python", io.BytesIO(source.encode()), KEYWORDS):
        yield text, context


def _in_template(path: Path) -> Iterator[Found]:
    code = templatize(path.read_text(), origin=str(path))
    # What templatize leaves is read as Python; the indentation of the page means nothing there.
    return _in_python("\n".join(line.lstrip() for line in code.splitlines()))


def _in_refusals(path: Path) -> Iterator[Found]:
    """The sentence of a refusal is its docstring; pages show it by gettext."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.ClassDef) and (sentence := ast.get_docstring(node)):
            yield " ".join(sentence.split()), None


@cache
def messages() -> tuple[tuple[Found, Path], ...]:
    """Every text that a page or mail may show, and the file where it stands."""
    return tuple(_messages())


def _messages() -> Iterator[tuple[Found, Path]]:
    for path in sorted(PACKAGE.rglob("*")):
        if path.suffix == ".py":
            found = list(_in_python(path.read_text()))
            if path.name == "refusals.py" and path.is_relative_to(PACKAGE / "apps"):
                found += _in_refusals(path)
        elif path.suffix in (".html", ".txt") and "templates" in path.parts:
            found = list(_in_template(path))
        else:
            continue
        yield from ((message, path.relative_to(PACKAGE)) for message in found)


def update(path: Path) -> None:
    """Add what is new to one .po file and drop what is gone; translations stay."""
    catalogue = read_catalogue(path)
    fresh = Catalog(locale=catalogue.locale, creation_date=catalogue.creation_date)
    for (text, context), where in messages():
        fresh.add(text, context=context, locations=[(f"fairroam/{where}", 0)])
    catalogue.update(fresh, no_fuzzy_matching=True)
    with path.open("wb") as file:
        write_po(
            file, catalogue, width=100, sort_output=True, ignore_obsolete=True, include_lineno=False
        )


def read_catalogue(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale=path.parent.parent.name)


def untranslated(path: Path) -> list[str]:
    """The texts that pages show and this language has no words for."""
    catalogue = whole(path)
    missing = []
    for (text, context), where in messages():
        single = text if isinstance(text, str) else text[0]
        entry = catalogue.get(single, context)
        words = entry.string if entry else ""
        if not words or not all(words):
            missing.append(f"{where}: {single}")
    return missing


def compile_catalogue(path: Path) -> int:
    """Write the .mo beside the .po; returns how many texts it holds."""
    catalogue = whole(path)
    draft = path.with_suffix(f".{os.getpid()}.draft")
    with draft.open("wb") as file:
        write_mo(file, catalogue)
    draft.replace(path.with_suffix(".mo"))  # a running server never reads half a file
    return len([entry for entry in catalogue if entry.id and entry.string])


def main(arguments: list[str]) -> None:
    """Bring the .po files up to date if asked to, compile all; say one line for each."""
    settings.configure(USE_I18N=False)  # templatize reads templates by Django's settings
    django.setup()
    for path in catalogues():
        if "--extract" in arguments and path != TRADITIONAL:
            update(path)
        count = compile_catalogue(path)
        missing = untranslated(path) if "--extract" in arguments else []
        sys.stdout.write(f"{path.parent.parent.name}: {count} texts\n")
        sys.stdout.writelines(f"  missing: {text}\n" for text in missing)


if __name__ == "__main__":
    main(sys.argv[1:])
