"""Codes guessed at from one address: twenty at once are tried no oftener than one by one."""

from __future__ import annotations

from functools import partial
from threading import Barrier
from time import sleep
from unittest.mock import patch

import pytest
from django.core.cache import cache
from django.test import RequestFactory

from fairroam.apps.wallet.refusals import VoucherUnknown
from fairroam.web.components import guessing
from tests.races.together import PATIENCE_SECONDS, kinds_of, together

pytestmark = pytest.mark.usefixtures("committed")
MOST = guessing.WRONG_MAX


def guess(typed: str, *, is_right: bool = False) -> None:
    with guessing.guarded(RequestFactory().get("/"), typed, VoucherUnknown):
        sleep(0.01)  # as long as it takes to look a code up
        if not is_right:
            raise VoucherUnknown


def twenty_at_once() -> dict[str, int]:
    return kinds_of(together(*[partial(guess, f"GUESS-{number}") for number in range(2 * MOST)]))


def test_of_twenty_guesses_at_once_ten_are_made():
    assert twenty_at_once() == {"TooManyWrongCodes": MOST, "VoucherUnknown": MOST}


def test_without_the_lock_two_would_take_the_last_try():
    for _ in range(MOST - 1):
        with pytest.raises(VoucherUnknown):
            guess("GUESS")
    read, both_have_read = cache.get, Barrier(2)

    def read_together(*words: object) -> object:
        found = read(*words)
        both_have_read.wait(PATIENCE_SECONDS)
        return found

    nobody_waits = patch.object(guessing, "stand_in_line", lambda key: None)
    with nobody_waits, patch.object(cache, "get", read_together):
        ends = together(partial(guess, "GUESS-X"), partial(guess, "GUESS-Y"))

    assert kinds_of(ends) == {"VoucherUnknown": 2}


def test_right_codes_and_blank_ones_are_no_guesses():
    for _ in range(MOST - 1):
        with pytest.raises(VoucherUnknown):
            guess("GUESS")
    for _ in range(3):
        guess("RIGHT", is_right=True)
    with pytest.raises(VoucherUnknown):
        guess("  ")  # nor do they begin the count anew

    ends = together(partial(guess, "GUESS-X"), partial(guess, "GUESS-Y"))

    assert kinds_of(ends) == {"TooManyWrongCodes": 1, "VoucherUnknown": 1}
