"""`fairroam furnish FILE` and `fairroam hire ADDRESS`: what a new shop needs before its first day.

Everything after that is done at the desk.
"""

from __future__ import annotations

import argparse
import sys
import tomllib
from pathlib import Path
from typing import Any

from django.core.exceptions import FieldError, ValidationError
from django.core.validators import validate_email
from django.db import DatabaseError

from fairroam import clock
from fairroam.apps.catalogue.models import Brand, Plan
from fairroam.apps.customers import operations as customers
from fairroam.apps.customers.models import ROLES
from fairroam.apps.journal.refusals import Refusal
from fairroam.web.demo import shop

# What a file may have wrong: its writing, a missing or unknown name, a value that is no such thing.
WRONG = (
    *(OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, KeyError, TypeError, ValueError),
    *(AssertionError, FieldError, ValidationError, DatabaseError, Refusal),
)


def furnish(arguments: list[str]) -> int:
    """Take in the brand, plans, terms of the wallet and numbers of one file; 1 if it is wrong.

    All or nothing. The same file again, or a changed one, changes what is offered from now on.
    """
    parser = argparse.ArgumentParser("fairroam furnish", description=furnish.__doc__)
    parser.add_argument("file", type=Path, metavar="FILE", help="TOML, as in docs/install.md")
    file: Path = parser.parse_args(arguments).file
    try:
        content = tomllib.loads(file.read_text())
        refuse_unknown(content)
        counts = shop.take_in(content, {}, now=clock.now())
    except WRONG as error:
        sys.stderr.write(f"{file}: {type(error).__name__}: {error}\nNothing was changed.\n")
        return 1
    sys.stdout.write(", ".join(f"{count} {kind}" for kind, count in counts.items()) + "\n")
    return 0


def refuse_unknown(content: dict[str, Any]) -> None:
    """Find a misspelt name: a row that is there already would take it in silence. ValueError."""
    kinds = {"brand", "plans", "wallet", "numbers"}
    columns = {one.name for one in Plan._meta.fields} | {"allowances"}
    unknown = content.keys() - kinds
    unknown |= content["brand"].keys() - {one.name for one in Brand._meta.fields}
    unknown |= {name for plan in content["plans"] for name in plan.keys() - columns}
    if unknown:
        raise ValueError(f"nothing here is called {', '.join(sorted(unknown))}")


def hire(arguments: list[str]) -> int:
    """Let the login of ADDRESS stand at the desk; 1 when it does so already or is leaving."""
    parser = argparse.ArgumentParser("fairroam hire", description=hire.__doc__)
    parser.add_argument(
        "address", type=mail_address, metavar="ADDRESS", help="where their sign-in codes go"
    )
    parser.add_argument("--role", choices=ROLES, default="operator", help="%(default)s")
    options = parser.parse_args(arguments)
    try:
        customers.hire(email=options.address, role=options.role, now=clock.now())
    except Refusal as refusal:
        sys.stderr.write(f"{refusal}\n")
        return 1
    sys.stdout.write(f"{options.address} may sign in at the desk as {options.role}.\n")
    return 0


def mail_address(text: str) -> str:
    try:
        validate_email(text)
    except ValidationError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no mail address") from error
    return text
