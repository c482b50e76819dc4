"""How a line of a log looks: when, how bad, who says it, what; and of an error where it came up."""

from __future__ import annotations

import logging
from traceback import format_tb
from types import TracebackType

Error = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class WithoutValues(logging.Formatter):
    """Tells an error by its class and its lines of code, those that led to it first.

    What it says stays out: a database quotes the values of rows there, people's among them.
    """

    def formatException(self, error: Error) -> str:
        told: list[str] = []
        seen: list[BaseException] = []
        one = error[1]
        while one is not None and one not in seen:
            lines = "".join(format_tb(one.__traceback__))
            told.insert(0, f"{lines}{type(one).__module__}.{type(one).__qualname__}")
            seen.append(one)
            one = one.__cause__ or (None if one.__suppress_context__ else one.__context__)
        return "\n".join(told)
