"""What the catalogue refuses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from fairroam.apps.journal.refusals import Refusal


class NoSuchPlan(Refusal):
    """This plan is not on offer (any more)."""

    code = "plan-not-found"
    status = 404


class TariffRefused(Refusal):
    """This tariff cannot be taken as it is. Please correct what is named, or take another day."""

    code = "tariff-refused"
    status = 422

    @property
    def reasons(self) -> dict[str, list[str]]:
        """What is wrong, by column; under "__all__" what is wrong with the row."""
        return cast(dict[str, list[str]], self.facts["reasons"])


class CoverageRefused(Refusal):
    """This table cannot be taken. Tick at least one radio, and take the day of the table that
    counts now, to correct it, or a later one that is not to come."""

    code = "coverage-refused"
    status = 422


class OperatorRefused(Refusal):
    """This network cannot be taken in. Its country code has three digits, its network code two or
    three, and nobody else has both; 001 and 999 are codes of no country."""

    code = "operator-refused"
    status = 422


class AccentUnreadable(Refusal):
    """This colour cannot be read well beside our paper. Take a darker one for the day, or a lighter
    one for the night."""

    code = "accent-unreadable"
    status = 422


class LogoTooLarge(Refusal):
    """This picture is too large for the head of every page. Make it smaller than 100 kB."""

    code = "logo-too-large"
    status = 422


class PlanRefused(Refusal):
    """A plan cannot be offered so. Please correct what is named."""

    code = "plan-refused"
    status = 422

    @property
    def reasons(self) -> dict[str, str]:
        """Column -> the code of what is wrong with it."""
        return cast(dict[str, str], self.facts["reasons"])


class PackRefused(Refusal):
    """This version of the terms cannot be published. Please correct what is named; a change needs
    the next version, in force from a day to come."""

    code = "pack-refused"
    status = 422


# One row that cannot be taken. No docstring: in this file those are sentences for customers.
@dataclass(frozen=True, slots=True)
class BadRow:
    place: str  # "coverage.csv line 7"
    column: str  # empty where the whole row or file is meant
    reason: str  # in words

    def __str__(self) -> str:
        return ": ".join(part for part in (self.place, self.column, self.reason) if part)


class TablesRefused(Refusal):
    """Nothing was imported, since some rows cannot be taken."""

    code = "catalogue-tables-refused"
    status = 422

    def __init__(self, bad_rows: Sequence[BadRow]) -> None:
        super().__init__(bad_rows=len(bad_rows))
        self.bad_rows = tuple(bad_rows)
