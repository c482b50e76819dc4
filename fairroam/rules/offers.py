"""What may be offered beyond the rules, and how long a bargain may last."""

from __future__ import annotations

from collections.abc import Mapping

# Kind of an offer -> what its quantity counts. A further kind is a line here and its act.
KINDS: Mapping[str, str] = {
    "money": "minor",  # minor units of the order's currency, on top of what is due
    "extra_data": "byte",
    "extension": "day",  # plan days, of 24 hours each
    "wallet_bonus": "minor",  # a gift in the wallet: it pays for plans for a time, never paid out
    "replacement": "esim",  # one new eSIM of the same plan: given as wished, not bargained over
}
COUNTERS_MAX = 2  # how often a customer may ask for something else; then it is yes or no
HOURS_MIN, HOURS_MAX = 24, 14 * 24  # how long an offer stands
EXTRA_BYTES_MAX = 100 * 10**9
EXTRA_DAYS_MAX = 90
