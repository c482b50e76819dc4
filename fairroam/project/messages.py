"""The texts in other languages: `python -m fairroam.project.messages [--extract]`.

Compiles every django.po to the .mo that Django reads, with Babel, so that no gettext programs
are needed. `--extract` first brings the .po files up to date with templates and Python.
"""

from __future__ import annotations

import ast
import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import django
from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.utils.translation import templatize

PACKAGE = Path(__file__).resolve().parent.parent
LOCALE = PACKAGE / "locale"
KEYWORDS: dict[str, Any] = {
    **DEFAULT_KEYWORDS,
    "gettext_lazy": None,
    "ngettext_lazy": (1, 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
Message = tuple[str | tuple[str, ...], str | None]  # its text (with plural), its context


def catalogues() -> list[Path]:
    """Every .po file; English needs none, since the texts stand in English where they are used."""
    return sorted(LOCALE.glob("*/LC_MESSAGES/django.po"))


def _in_python(source: str) -> Iterator[Message]:
    for _line, text, _comments, context in extract("python", io.BytesIO(source.encode()), KEYWORDS):
        yield text, context


def _in_template(path: Path) -> Iterator[Message]:
    code = templatize(path.read_text(), origin=str(path))
    # What templatize leaves is read as Python; the indentation of the page means nothing there.
    return _in_python("\n".join(line.lstrip() for line in code.splitlines()))


def _in_refusals(path: Path) -> Iterator[Message]:
    """The sentence of a refusal is its docstring; pages show it by gettext."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.ClassDef) and (sentence := ast.get_docstring(node)):
            yield " ".join(sentence.split()), None


def messages() -> Iterator[tuple[Message, Path]]:
    """Every text that a page or mail may show, and the file where it stands."""
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
    """The texts that pages show and this .po file has no words for."""
    catalogue = read_catalogue(path)
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
    catalogue = read_catalogue(path)
    with path.with_suffix(".mo").open("wb") as file:
        write_mo(file, catalogue)
    return len([entry for entry in catalogue if entry.id and entry.string])


def main(arguments: list[str]) -> None:
    """Bring the .po files up to date if asked to, compile all; say one line for each."""
    settings.configure(USE_I18N=False)  # templatize reads templates by Django's settings
    django.setup()
    for path in catalogues():
        if "--extract" in arguments:
            update(path)
        count = compile_catalogue(path)
        missing = untranslated(path) if "--extract" in arguments else []
        sys.stdout.write(f"{path.parent.parent.name}: {count} texts\n")
        sys.stdout.writelines(f"  missing: {text}\n" for text in missing)


if __name__ == "__main__":
    main(sys.argv[1:])
