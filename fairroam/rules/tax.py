"""Tax that is inside a price."""

from __future__ import annotations

from fairroam.rules.shares import Share, read_decimal


def tax_inside(gross: int, rate: str) -> int:
    """The tax inside `gross` minor units at `rate` ("0.19"), half a unit rounded up.

    The first function of an invoice and the last of a refund, so that their taxes add up.
    Raises ValueError for a rate that is not a decimal string of 0 or more.
    """
    share = read_decimal(rate)
    if share is None:
        raise ValueError(f"not a tax rate: {rate!r}")
    return tax_inside_at(gross, share)


def tax_inside_at(gross: int, rate: Share) -> int:
    """The same for a rate that was read before: gross x rate / (1 + rate), half up."""
    return Share(rate.part, rate.whole + rate.part).half_up_of(gross)
