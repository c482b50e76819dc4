"""The hosted pay page: what is bought, a test card already chosen, one button."""

from __future__ import annotations

from decimal import Decimal
from html import escape
from string import Template
from typing import Any

from babel.numbers import format_currency, get_currency_precision

from sandbox.look import framed

TEXTS = {
    "en": {
        "locale": "en",
        "title": "Pay $amount",
        "banner": "Test money. Nothing is charged.",
        "heading": "Payment",
        "total": "To pay",
        "cards": "Pay with a test card",
        "card_pays": "is accepted",
        "card_refused": "is declined by the bank",
        "card_refund_fails": "is accepted; a refund to it fails later",
        "pay": "Pay $amount",
        "back": "Go back without paying",
        "card_declined": "The bank declined this card. Nothing was paid; choose another one.",
        "unknown_card": "This is not a test card. Nothing was paid; choose one below.",
        "paid": "Paid. You can go back to the shop.",
        "return": "Back to the shop",
    },
    "zh-Hans": {
        "locale": "zh_Hans",
        "title": "支付 $amount",
        "banner": "测试环境，不会真的扣款。",
        "heading": "支付",
        "total": "应付金额",
        "cards": "选一张测试卡付款",
        "card_pays": "付款成功",
        "card_refused": "银行会拒绝",
        "card_refund_fails": "付款成功，但之后退款会失败",
        "pay": "支付 $amount",
        "back": "不付了，返回",
        "card_declined": "银行拒绝了这张卡，没有扣款。换一张卡再试。",
        "unknown_card": "这不是测试卡，没有扣款。请从下面选一张。",
        "paid": "已付款，可以返回商店了。",
        "return": "返回商店",
    },
    "zh-Hant": {
        "locale": "zh_Hant",
        "title": "付款 $amount",
        "banner": "測試環境，不會真的扣款。",
        "heading": "付款",
        "total": "應付金額",
        "cards": "選一張測試卡付款",
        "card_pays": "付款成功",
        "card_refused": "銀行會拒絕",
        "card_refund_fails": "付款成功，但之後退款會失敗",
        "pay": "付款 $amount",
        "back": "先不付款，返回",
        "card_declined": "銀行拒絕了這張卡，沒有扣款。換一張卡再試。",
        "unknown_card": "這不是測試卡，沒有扣款。請從下面選一張。",
        "paid": "已付款，可以返回商店了。",
        "return": "返回商店",
    },
}
CHOICES = (
    ("4242 4242 4242 4242", "card_pays"),
    ("4000 0000 0000 0002", "card_refused"),
    ("4000 0000 0000 0341", "card_refund_fails"),
)
CHOICE = Template("""<label class="choice">
<input type="radio" name="card" value="$number"$checked>
<span><span class="number">$number</span><br><span class="soft">$promise</span></span>
</label>""")
RECEIPT = Template("""<header class="banner">$banner</header>
<main>
<div class="sheet">
<h1>$heading</h1>
<div class="line"><span>$description</span></div>
<div class="line total"><span>$total</span><strong>$amount</strong></div>
</div>
$act
</main>""")
FORM = Template("""$refusal<form method="post">
<fieldset><legend>$cards</legend>
$choices
</fieldset>
<button type="submit" autofocus>$pay</button>
</form>
<a class="back" href="$return_url">$back</a>""")
PAID = Template("""<p>$paid</p>
<a class="back" href="$return_url" autofocus>$back</a>""")


def texts_for(language: str) -> tuple[str, dict[str, str]]:
    """Return the nearest language that we speak and its texts; English when none is near."""
    for spoken in (language, language.rsplit("-", 1)[0], "zh-Hans" if language[:2] == "zh" else ""):
        if spoken in TEXTS:
            return spoken, TEXTS[spoken]
    return "en", TEXTS["en"]


def pay_page(intent: dict[str, Any], *, refusal: str = "") -> str:
    """Return the page of `intent` as HTML, after a `refusal` with its reason."""
    language, texts = texts_for(intent["language"])
    words = {name: escape(text) for name, text in _with_amount(texts, intent).items()}
    asked = {name: escape(intent[name]) for name in ("description", "return_url")}
    if intent["status"] == "succeeded":
        act = PAID.substitute(words, **asked | {"back": words["return"]})
    else:
        complaint = f'<p class="refusal" role="alert">{words[refusal]}</p>' if refusal else ""
        act = FORM.substitute(
            words, **asked | {"choices": "\n".join(_choices(words)), "refusal": complaint}
        )
    body = RECEIPT.substitute(words, **asked | {"act": act})
    return framed(language=language, title=_with_amount(texts, intent)["title"], body=body)


def _choices(words: dict[str, str]) -> list[str]:
    return [
        CHOICE.substitute(number=number, promise=words[promise], checked=checked)
        for (number, promise), checked in zip(CHOICES, (" checked", "", ""), strict=True)
    ]


def _with_amount(texts: dict[str, str], intent: dict[str, Any]) -> dict[str, str]:
    places = get_currency_precision(intent["currency"])
    major = Decimal(intent["amount"]).scaleb(-places)
    amount = format_currency(major, intent["currency"], locale=texts["locale"])
    told = {name: Template(text).substitute(amount=amount) for name, text in texts.items()}
    return told | {"amount": amount}
