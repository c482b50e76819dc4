"""Reads of papers, of the keys that signed them, and of our true channels."""

from fairroam.apps.papers.queries.papers import (
    COUNTED_UP,
    all_papers,
    credited_by_invoice,
    credited_minor,
    find_by_number,
    find_faults,
    find_for_stranger,
    key_set,
    kinds_of,
    papers_about,
    papers_of,
    receipt_of,
    series_number,
)

__all__ = [
    "COUNTED_UP",
    "all_papers",
    "credited_by_invoice",
    "credited_minor",
    "find_by_number",
    "find_faults",
    "find_for_stranger",
    "key_set",
    "kinds_of",
    "papers_about",
    "papers_of",
    "receipt_of",
    "series_number",
]
