"""What the rounds of every room share."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

log = logging.getLogger(__name__)


@contextmanager
def alone(what: str, *expected: type[Exception]) -> Iterator[None]:
    """One of many: whatever goes wrong with it keeps none of the others waiting.

    expected: what needs nobody's look, as it is run again; all else a person sees in the log, but
    for what the error says: a database quotes the values of its rows there.
    """
    try:
        yield
    except expected:
        pass
    except Exception as error:
        log.error("%s cannot be gone on with: %s", what, type(error).__qualname__)
