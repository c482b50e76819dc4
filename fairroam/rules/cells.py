"""Cells of tables that people open in a spreadsheet program."""

from __future__ import annotations

# What spreadsheet programs take for a formula, full-width signs of Chinese keyboards among them.
# Source: OWASP ASVS 5.0, 1.2.10; OWASP "CSV Injection".
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n", "\0", "＝", "＋", "－", "＠")


def safe_cell(text: str) -> str:
    """The text so that it stays text: an apostrophe before what would be taken for a formula."""
    return f"'{text}" if _is_formula(text) else text


def meant_by(cell: str) -> str:
    """What was written before `safe_cell` made it safe."""
    return cell[1:] if cell.startswith("'") and _is_formula(cell[1:]) else cell


def _is_formula(text: str) -> bool:
    """Whether a program may take it for one, also behind blanks, which some drop."""
    return text.startswith(FORMULA_SIGNS) or text.lstrip().startswith(FORMULA_SIGNS)
