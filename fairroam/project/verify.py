"""`fairroam verify FILE`: is this paper true? Offline, without Django and without a database."""

from __future__ import annotations

import argparse
import os
import sys
import tomllib
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

from fairroam import proof
from fairroam.proof import (
    Difference,
    KeySet,
    Recomputation,
    Truth,
    Unreadable,
    Verdict,
    amount_in_words,
    read,
    verify,
    verify_picture,
)
from fairroam.rules import answer

LANGUAGES = ("en", "zh-Hans", "zh-Hant")

Words = dict[str, str]


def main(arguments: list[str]) -> int:
    """Print whether the file is true, and why; 0 = true, 1 = not, 2 = cannot be read."""
    options = _parser().parse_args(arguments)
    words = _words(options.language)
    try:
        keys = KeySet.from_jwks(read(options.keys.read_bytes()))
    except (OSError, Unreadable) as error:
        return _end(2, [words["no_keys"].format(reason=error)])
    try:
        file: bytes = options.file.read_bytes()
        is_picture = file.startswith(b"%PDF")
        verdict = verify_picture(file, keys) if is_picture else verify(read(file), keys)
    except (OSError, Unreadable) as error:
        return _end(2, [words["unreadable"].format(reason=error)])
    again = recompute(verdict.statement) if verdict and verdict.statement else None
    is_wrong = again is not None and bool(again.differences)
    lines = [words["wrong"]] if is_wrong else [*_explain(verdict, options.keys, words)]
    lines += _summary(verdict, words)
    lines += _explain_again(again, words) if again else []
    return _end(0 if verdict and not is_wrong else 1, lines)


def recompute(statement: dict[str, Any]) -> Recomputation | None:
    """Compute a signed decision again by our rules; None when the statement holds none."""
    return proof.recompute(statement, answer)


def _explain(verdict: Verdict, keys: Path, words: Words) -> Iterator[str]:
    revoked_from = verdict.key.revoked_from if verdict.key else None
    instant = revoked_from.isoformat().replace("+00:00", "Z") if revoked_from else ""
    yield words[verdict.truth].format(keys=keys, revoked_from=instant)
    yield from (_line(words, "difference", difference) for difference in verdict.differences)
    if verdict.truth is Truth.CHANGED and not verdict.differences:
        yield words["broken" if verdict.statement is None else "picture"]


def _summary(verdict: Verdict, words: Words) -> Iterator[str]:
    statement = verdict.statement or {}
    for name in ("kind", "number", "issued_at"):
        if name in statement:
            yield f"{words[name]}: {statement[name]}"
    if "total" in statement:
        yield f"{words['total']}: {amount_in_words(statement['total'])}"
    if "seller" in statement:
        yield f"{words['seller']}: {statement['seller']['legal_name']}"
        yield f"{words['website']}: {statement['seller']['website']}"
    if verdict.key:
        yield f"{words['key']}: {verdict.key.kid}"


def _explain_again(again: Recomputation, words: Words) -> Iterator[str]:
    if again.differences:
        yield words["not_same"]
        yield from (_line(words, "computed", difference) for difference in again.differences)
    else:
        yield words["same"].format(due=again.due)
    if again.extra:
        yield words["beyond"].format(extra=again.extra)
    if again.versions.signed != again.versions.written:
        yield _line(words, "versions", again.versions)


def _line(words: Words, name: str, difference: Difference) -> str:
    return words[name].format(
        path=difference.path,
        signed=difference.signed or words["absent"],
        written=difference.written or words["absent"],
    )


def _words(language: str) -> Words:
    text = files("fairroam.proof").joinpath("words", f"{language}.toml").read_text("utf-8")
    return tomllib.loads(text)


def _end(code: int, lines: list[str]) -> int:
    sys.stdout.writelines(_printable(line) + "\n" for line in lines)
    return code


def _printable(line: str) -> str:
    # A forged file must not move the cursor or turn the direction of what we say about it.
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode()
        for letter in line
    )


def _parser() -> argparse.ArgumentParser:
    folder = Path(os.environ.get("FAIRROAM_FOLDER", ".fairroam"))
    parser = argparse.ArgumentParser(
        prog="fairroam verify", description="Check a paper of ours, offline."
    )
    parser.add_argument("file", type=Path, help="the signed JSON, or the PDF that carries it")
    parser.add_argument(
        "--keys",
        type=Path,
        default=folder / "keys" / "fairroam-keys.json",
        help="the seller's published keys, from /.well-known/fairroam-keys.json"
        " at the official address; never take them from where the paper came from",
    )
    parser.add_argument("--language", choices=LANGUAGES, default="en")
    return parser
