"""Codes guessed at from one address: twenty at once are tried no oftener than one by one."""

from __future__ import annotations

from functools import partial
from time import sleep
from unittest.mock import patch

import pytest
from django.test import RequestFactory

from fairroam.apps.wallet.refusals import VoucherUnknown
from fairroam.web.components import guessing
from tests.races.together import kinds_of, together, with_one_held

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


def two_at_the_last_try() -> dict[str, int]:
    """One has read how often was tried when the other begins; what becomes of both."""
    for _ in range(MOST - 1):
        with pytest.raises(VoucherUnknown):
            guess("GUESS")
    return kinds_of(
        with_one_held(
            partial(guess, "GUESS-X"),
            partial(guess, "GUESS-Y"),
            at='UPDATE "shared_cache"',
            others_begin_there=True,
        )
    )


def test_of_two_at_the_last_try_one_makes_it():
    assert two_at_the_last_try() == {"TooManyWrongCodes": 1, "VoucherUnknown": 1}


def test_control_without_the_lock_both_would():
    with patch.object(guessing, "stand_in_line", lambda key: None):
        assert two_at_the_last_try() == {"VoucherUnknown": 2}


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
