"""Traditional Chinese, as Taiwan writes it, out of Simplified.

OpenCC's dictionaries know characters and general words; `traditional.toml` has the words of our
trade, and those win. Why it is derived and not written twice: docs/decisions/0021.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opencc import OpenCC


@lru_cache(maxsize=4096)
def in_traditional(text: str) -> str:
    """`text` in characters and words of Taiwan; what is not Simplified Chinese stays as it is."""
    words = _terms()
    # What stands between two words of ours is left to the dictionaries.
    parts = _of_ours().split(text)
    converter = _converter("s2twp")
    return "".join(
        words[part] if part in words else converter.convert(part).replace("臺", "台")
        for part in parts
    )


@lru_cache(maxsize=4096)
def is_traditional(text: str) -> bool:
    """Whether `text` is in Chinese and has characters that are written in Traditional only."""
    is_simplified = bool(_converter("t2s").convert(text) == text)
    return not is_simplified and bool(_converter("s2t").convert(text) == text)


@cache
def _terms() -> dict[str, str]:
    import tomllib

    path = Path(__file__).with_suffix(".toml")
    terms: dict[str, str] = tomllib.loads(path.read_text(encoding="utf-8"))["terms"]
    return terms


@cache
def _of_ours() -> re.Pattern[str]:
    longest_first = sorted(_terms(), key=len, reverse=True)
    return re.compile(f"({'|'.join(map(re.escape, longest_first))})")


@cache
def _converter(name: str) -> OpenCC:
    from opencc import OpenCC  # reads its dictionaries: a tenth of a second, for who needs it

    return OpenCC(name)
