"""Papers of every kind in every language, for tests."""

from datetime import UTC, date, datetime

from fairroam.apps.papers import operations
from fairroam.apps.papers.models import Paper
from fairroam.rules.money import Money

NOON = datetime(2026, 7, 12, 12, tzinfo=UTC)
KINDS = ["invoice", "credit_note", "receipt", "decision", "certificate", "waiver"]
LANGUAGES = ["en", "zh-Hans", "zh-Hant"]
TEXTS = {
    "en": "Japan 10 GB, 30 days",
    "zh-Hans": "日本 10 GB，30 天套餐",
    "zh-Hant": "日本 10 GB，30 天方案，門號保留",
}


def euros(minor: int) -> Money:
    return Money(minor, "EUR")


def a_statement(kind: str, text: str = TEXTS["en"], total: int = 2148) -> dict:
    refund = {
        "zone": "Europe/Berlin",
        "order": "FR-7K3M-9Q2T",
        "decision": "RD-7K3M-9Q2T",
        "reasons": [
            {"code": "PAID", "text": text, "amount": euros(3000)},
            {"code": "USED_SHARE", "text": text, "amount": euros(total - 3000), "why": text},
            {"code": "NO_OUTAGE", "text": text, "counts": False},
        ],
        "total": euros(total),
        "pay_by": date(2026, 7, 26),
    }
    computed = {"facts": {"paid": 3000}, "packs": [{"pack": "p"}], "result": {"refund": total}}
    entry = {"text": text, "at": NOON, "until": date(2034, 12, 31), "why": text}
    return {
        "invoice": {
            "order": "FR-7K3M-9Q2T",
            "buyer": {"name": text, "country": "DE"},
            "lines": [
                {
                    "description": text,
                    "gross": euros(3000),
                    "net": euros(2521),
                    "tax": euros(479),
                }
            ],
            "total": euros(3000),
            "tax": euros(479),
            "tax_rate": "0.19",
            "terms": ["eu-crd@1"],
        },
        "credit_note": refund | {"tax": euros(343), "tax_rate": "0.19"},
        "receipt": refund,
        "decision": refund | computed,
        "waiver": {
            "customer": "C-7K3M-9Q2T",
            "signed_at": NOON,
            "reasons": [{"code": "WAIVED", "text": text, "amount": euros(total), "why": text}],
            "total": euros(total),
            "code": "WC-7K3M-9Q2T-7K3M-9Q2T",
            "claim_address": "https://roam.example/claim/",
            "claim_by": date(2029, 12, 31),
        },
        "certificate": {
            "customer": "C-7K3M-9Q2T",
            "requested_at": NOON,
            "closed_at": NOON,
            **{section: [entry] for section in ("stopped", "exported", "erased", "kept")},
            "figures": [{"text": text, "amount": Money(1900, "JPY")}],
            "balance": [euros(0), Money(0, "JPY")],
            "commitments": {name: "sha256:" + "0" * 64 for name in ("address", "iccid 6")},
        },
    }[kind]


def issued(kind: str = "invoice", *, language: str = "en", now: datetime = NOON, **more) -> Paper:
    total = more.pop("total", 2148)
    return operations.issue(
        kind=kind,
        statement=a_statement(kind, TEXTS[language], total),
        language=language,
        customer_id=None,
        now=now,
        **more,
    )


def one_of(kind: str, language: str = "en") -> Paper:
    invoice = issued(language=language) if kind == "credit_note" else None
    return issued(kind, language=language, refers_to=invoice)
