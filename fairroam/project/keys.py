"""`fairroam keys`: list the signing keys, rotate them, revoke one from an instant on."""

from __future__ import annotations

import argparse
import sys
from datetime import datetime

from fairroam import clock
from fairroam.apps.journal.refusals import Refusal
from fairroam.apps.papers import operations, queries

ACTOR = "operator"


def main(arguments: list[str]) -> int:
    """Do what was asked, then print every key; 1 when it was refused."""
    options = _parser().parse_args(_key_last(arguments))
    try:
        if options.act == "rotate":
            operations.rotate_key(actor=ACTOR, now=clock.now())
        elif options.act == "revoke":
            operations.revoke_key(
                options.key, revoked_from=options.revoked_from, actor=ACTOR, now=clock.now()
            )
    except Refusal as refusal:
        sys.stderr.write(f"{refusal}\n")
        return 1
    for key in queries.key_set().keys:
        end = f"revoked from {key.revoked_from.isoformat()}" if key.revoked_from else ""
        sys.stdout.write(f"{key.kid}  made {key.made_at.isoformat()}  {end}".rstrip() + "\n")
    return 0


def _key_last(arguments: list[str]) -> list[str]:
    """Put the key behind "--": one id in 64 begins with a dash, as if it were an option."""
    if arguments[:1] == ["revoke"] and len(arguments) > 2 and arguments[1] != "--from":
        return ["revoke", *arguments[2:], "--", arguments[1]]
    return arguments


def _instant(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise argparse.ArgumentTypeError("write the offset, too: 2026-07-12T12:00:00+02:00")
    return instant


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="fairroam keys", description=__doc__)
    acts = parser.add_subparsers(dest="act")
    acts.add_parser("list", help="all keys, oldest first (also without a word)")
    acts.add_parser("rotate", help="sign with a new key; old papers stay true")
    revoke = acts.add_parser("revoke", help="do not believe what a stolen key signs")
    revoke.add_argument("key", help="the key's id, as listed")
    revoke.add_argument(
        "--from",
        dest="revoked_from",
        type=_instant,
        required=True,
        help="the earliest instant at which it may have been stolen, with offset",
    )
    return parser
