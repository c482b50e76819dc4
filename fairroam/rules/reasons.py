"""Every code that may stand in a chain, with its fields; docs/rules.md says what they mean."""

from __future__ import annotations

_TRIED = ("pack", "ground", "outcome")
_KEPT_OUT = (*_TRIED, "window_end")
_LET_IN = (*_KEPT_OUT, "share", "fee", "entitled")
_FAULT = ("cause", "steps_done", "waited_seconds", "full_if_used_at_most")
_ALLOWANCE = ("kind", "used", "granted", "share", "weight", "amount")
_PART = ("tender", "method", "part")

# What let a ground in.
LET_IN: dict[str, tuple[str, ...]] = {
    "IN_COOLING_OFF": _LET_IN,
    "NO_CONSENT_NO_DEDUCTION": (*_LET_IN, "missing"),
    "UNACTIVATED": (*_LET_IN, "activation"),
    "ACTIVATED_ZERO_USE": (*_LET_IN, "activation"),
    "DE_MINIMIS": (*_LET_IN, "used_share", "de_minimis"),
    "UNCONSUMED": _LET_IN,
    "OUTAGE_OVERLAP": (*_LET_IN, "lost_seconds", "min_seconds"),
    "OUTAGE_FULL": (*_LET_IN, "lost_seconds", "min_seconds", "full_from"),
    "UNUSABLE_HARDLY_USED": (*_LET_IN, *_FAULT),
    "UNUSABLE_PARTLY_USED": (*_LET_IN, *_FAULT),
    "DEVICE_INCOMPATIBLE": _LET_IN,
}
# What kept a ground out. Goodwill is kept out too: it pays nothing by itself.
KEPT_OUT: dict[str, tuple[str, ...]] = {
    "COOLING_OFF_EXPIRED": _KEPT_OUT,
    "WINDOW_OVER": _KEPT_OUT,
    "LOST_BY_PERFORMANCE": (*_KEPT_OUT, "used_share"),
    "ACTIVATED": (*_KEPT_OUT, "activation", "activated_at"),
    "NOT_ACTIVATED": (*_KEPT_OUT, "activation"),
    "USED_MORE": (*_KEPT_OUT, "used_share", "de_minimis"),
    "FULLY_PERFORMED": (*_KEPT_OUT, "used_share"),
    "NO_OUTAGE": _KEPT_OUT,
    "OUTAGE_TOO_SHORT": (*_KEPT_OUT, "lost_seconds", "min_seconds"),
    "NO_TROUBLE": _KEPT_OUT,
    "TROUBLE_OF_DEVICE": _KEPT_OUT,
    "RESTORED": (*_KEPT_OUT, "restored_at"),
    "STEPS_OPEN": (*_KEPT_OUT, "steps_done", "steps"),
    "CURE_RUNNING": (*_KEPT_OUT, "waited_seconds", "cure_seconds"),
    "NOT_INCOMPATIBLE": _KEPT_OUT,
    "USED_ALREADY": (*_KEPT_OUT, "first_usage_at"),
    "GOODWILL": (*_KEPT_OUT, "offer_cap"),
    "GOODWILL_NOT_NEEDED": (*_KEPT_OUT, "offer_cap"),
}
# What moved the end of a window.
MOVED: dict[str, tuple[str, ...]] = {
    "NOTICE_MISSING": _KEPT_OUT,
    "NOTICE_LATE": _KEPT_OUT,
    "ROLLED_TO_WORKING_DAY": (*_TRIED, "last_day", "rolled_day"),
}
# From what was paid to what is sent now.
CALCULATION: dict[str, tuple[str, ...]] = {
    "PAID": ("amount", "currency", "zone", "declared_at"),
    "SERVED_SHARE": ("share", "amount"),
    "LIST_PRICE_BASIS": ("basis", "paid"),
    "USED_ALLOWANCE": _ALLOWANCE,
    "UNLIMITED_ALLOWANCE": _ALLOWANCE,
    "USED_IN_BUNDLE": _ALLOWANCE,
    "UNLIMITED_IN_BUNDLE": _ALLOWANCE,
    "USED_SHARE": ("share", "retain"),
    "USED_LARGEST": ("share", "amount"),
    "USED_TIME": ("share", "amount"),
    "FEE": ("amount",),
    "ENTITLED": ("entitled", "retain"),
    "ALREADY_REFUNDED": ("amount",),
    "ALREADY_PENDING": ("amount",),
    "PAID_BACK_MORE": ("amount",),
    "ASKED": ("asked", "amount"),
    "DUE": ("due",),
    "DISPUTE_OPEN": ("tender", "method", "amount"),
    "REFUND": ("total", "held"),
    "BACK_TO_METHOD": _PART,
    "BACK_TO_CREDIT": _PART,
    "PROMO_NOT_CASH": _PART,
    "TAX_SPLIT": ("tax", "tax_rate"),
    "PAY_BY": ("pay_by",),
    "DEADLINE": ("deadline",),
    "NO_GROUND": ("amount",),
    "NO_REFUND": ("total",),
    "DEADLINE_PASSED": ("deadline",),
}
REASONS = LET_IN | KEPT_OUT | MOVED | CALCULATION
