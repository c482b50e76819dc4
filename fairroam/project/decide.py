"""`fairroam decide`: refund cases, a JSON object a line, answered a line each, in order."""

from __future__ import annotations

import argparse
import gc
import json
import sys
from collections.abc import Iterator
from functools import lru_cache
from typing import Any
from unicodedata import east_asian_width

import msgspec

from fairroam.rules import (
    BadFacts,
    BadJson,
    Decision,
    Packs,
    Refused,
    compile_packs,
    decide,
    explain,
    load_tables,
)
from fairroam.rules.sentences import LANGUAGES

_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode
WIDTH = 88


def main(arguments: list[str]) -> int:
    """Answer every line of the files, or of standard input; 2 when a file cannot be read."""
    options = _parser().parse_args(arguments)
    load_tables()  # before the first line, so that every line costs the same
    gc.freeze()  # the tables stay: no need to look through them again and again
    sys.set_int_max_str_digits(0)  # exact at any size: an absurd line must not end the others
    write = sys.stdout.buffer.write
    try:
        for line in _lines(options.files):
            write(_receipt(line, options.language).encode() if options.explain else respond(line))
    except OSError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="fairroam decide", description=__doc__)
    parser.add_argument("files", nargs="*", metavar="FILE", help="default: standard input")
    parser.add_argument("--explain", action="store_true", help="print receipts for people")
    parser.add_argument("--language", choices=LANGUAGES, default="en", help="of the receipts")
    return parser


def _lines(files: list[str]) -> Iterator[bytes]:
    if not files:
        yield from sys.stdin.buffer
    for name in files:
        with open(name, "rb") as source:
            yield from source


def respond(line: bytes) -> bytes:
    """The decision on one line as a line, or the error that stands in its place."""
    try:
        return _encode(decide_line(line)) + b"\n"
    except Refused as refused:
        return _encode(refused.as_json()) + b"\n"


def decide_line(line: bytes) -> Decision:
    """Raises BadJson, BadPack, BadFacts and AskedTooMuch."""
    case = read_case(line)
    packs = _packs(_encode(case.get("packs")))
    if "facts" not in case:
        raise BadFacts("facts", "is missing")
    return decide(case["facts"], packs)


def _receipt(line: bytes, language: str) -> str:
    """The decision on one line for people, each amount at the right; or why there is none."""
    try:
        decision = decide_line(line).as_json()
    except Refused as refused:
        return f"{refused.code}: {refused}\n\n"
    rows = [
        _row(("" if entry.applies else "– ") + entry.text, entry.amount_text)
        for entry in explain(decision, language)
    ]
    return "\n".join(rows) + "\n\n"


def _row(text: str, amount: str) -> str:
    columns = sum(2 if east_asian_width(sign) in "WF" else 1 for sign in text)
    return text + " " * max(WIDTH - columns - len(amount), 2) + amount if amount else text


@lru_cache(maxsize=1_024)
def _packs(written: bytes) -> Packs:
    """Packs compiled once for all lines that write them alike."""
    return compile_packs(_decode(written))


def read_case(line: bytes) -> dict[str, Any]:
    """The object on a line. Raises BadJson, also for a key that stands twice: which counts?"""
    try:
        case = _decode(line)
        # No quote was lost: no key was. Where a text holds quotes itself, only a slow look tells.
        if b"\\" in line or _encode(case).count(b'"') != line.count(b'"'):
            json.loads(line, object_pairs_hook=_refuse_doubled)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise BadJson(f"not a JSON object: {error}") from error
    if not isinstance(case, dict):
        raise BadJson("not a JSON object")
    return case


def _refuse_doubled(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) != len(pairs):
        raise ValueError("a key stands twice")
    return record
