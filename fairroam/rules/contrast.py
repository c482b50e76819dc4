"""How well one colour can be read upon another: the contrast ratio of WCAG 2.2, in exact decimals.

Source: https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio and #dfn-relative-luminance.
"""

from __future__ import annotations

import re
from decimal import Decimal

READABLE = Decimal("4.5")  # success criterion 1.4.3 for words of usual size
COLOUR = re.compile(r"#[0-9a-f]{6}")
WEIGHTS = (Decimal("0.2126"), Decimal("0.7152"), Decimal("0.0722"))  # red, green, blue


def contrast(first: str, second: str) -> Decimal:
    """From 1 (the same) to 21 (black on white); colours as "#0a6552"."""
    bright, dark = sorted((luminance(first), luminance(second)), reverse=True)
    shade = Decimal("0.05")
    return (bright + shade) / (dark + shade)


def luminance(colour: str) -> Decimal:
    """Relative luminance, from 0 (black) to 1 (white)."""
    assert COLOUR.fullmatch(colour), colour
    parts = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return sum(
        (weight * linear(part) for weight, part in zip(WEIGHTS, parts, strict=True)), Decimal(0)
    )


def linear(part: int) -> Decimal:
    """One channel (0 to 255) of sRGB as light."""
    share = Decimal(part) / 255
    if share <= Decimal("0.04045"):
        return share / Decimal("12.92")
    return Decimal(((share + Decimal("0.055")) / Decimal("1.055")) ** Decimal("2.4"))
