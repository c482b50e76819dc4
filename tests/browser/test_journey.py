"""The whole journey in Chinese on a phone: buy, travel, money back, leave, proof, silence."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.demo import FAIRROAM, Demo, eventually
from tests.browser.visitor import Visitor

STRANGER = Path(__file__).parents[1] / "proof" / "stranger.py"
ADDRESS = "xiaolin@example.com"
PLAN = "japan-10gb-30d"
TAPS_TO_THE_CODE = 5  # from the address that a new demo prints
A_QUARTER = ("1 GB", "1 GB", "250 MB", "250 MB")  # of 10 GB
TO_THE_CENT = 1425  # three quarters of €19.00
QUIET_SECONDS = 3  # a queued mail leaves within one


@pytest.mark.promise(5, 6, 43, 65, 66, 69, 78)
def test_a_traveller_buys_travels_gets_money_back_and_leaves_with_proof(
    demo: Demo, visitor: Visitor, tmp_path: Path
) -> None:
    line_page = buy(demo, visitor)
    travel(demo, visitor, line_page)
    sign_in(demo, visitor)
    arrived_before = len(demo.paid_back())

    decision = get_money_back(visitor, line_page, tmp_path)

    assert demo.paid_back()[arrived_before:] == [TO_THE_CENT]
    assert decided_again(decision)["due"] == TO_THE_CENT
    number = leave(visitor)
    assert_that_the_certificate_proves_itself(demo, visitor, number, tmp_path)
    assert_silence(demo, visitor)


def buy(demo: Demo, visitor: Visitor) -> str:
    """Home, plan, checkout, pay page, order; ends at the QR code. Returns that address."""
    page = visitor.page
    visitor.open(f"{demo.shop}/")
    visitor.tap(f"a.plan[href$='/{PLAN}/']", until=f"**/plans/{PLAN}/*")
    expect(page.locator("main")).to_contain_text("€19.00")
    visitor.tap("a[href*='/checkout/']", until="**/checkout/**")
    page.locator("[name=email]").fill(ADDRESS)
    page.locator("[name=residence]").select_option("DE")
    for consent in page.get_by_role("checkbox").all():
        assert not consent.is_checked(), "consents are never ticked in advance"
        consent.check()
    visitor.tap("main form button.button", until=f"{demo.url('payments')}/pay/**")
    expect(page.get_by_role("heading", level=1)).to_have_text("支付")
    visitor.tap("button[type=submit]", until="**/orders/**")
    visitor.tap("a[href^='/account/lines/']", until="**/account/lines/**")
    expect(page.locator(".qr svg")).to_be_visible()
    assert visitor.taps <= TAPS_TO_THE_CODE
    return page.url


def travel(demo: Demo, visitor: Visitor, line_page: str) -> None:
    """Install the eSIM on the sandbox phone, switch it on in Japan, use a quarter of it."""
    page = visitor.page
    page.get_by_text("手动输入", exact=True).click()
    code = page.locator("code").filter(has_text="LPA:1$").inner_text()
    visitor.open(demo.url("profiles"))
    page.locator("#code").fill(code)
    page.get_by_role("button", name="Download the eSIM").click()
    newest = page.locator("#profiles .sheet").first
    newest.get_by_role("button", name="Install").click()
    page.locator("#country").select_option("JP")
    newest.get_by_role("button", name="Switch on").click()
    for amount in A_QUARTER:
        newest.get_by_role("button", name=f"Use {amount}").click()
        expect(page.locator("#said")).to_have_text(f"{amount} used.")
        page.locator("#said").evaluate("element => { element.textContent = '' }")
    visitor.look()
    visitor.open(line_page)
    expect(page.locator(".allowance-ring .number")).to_have_text("7.5 GB")
    expect(page.locator(".qr")).to_have_count(0)  # in the phone: nobody else may have the code


def sign_in(demo: Demo, visitor: Visitor) -> None:
    """Ask for a code, read it in the mail reader, type it."""
    page = visitor.page
    visitor.open(f"{demo.shop}/account/")
    page.locator("[name=email]").fill(ADDRESS)
    visitor.tap("main form .button", until="**/confirm/*")
    code = code_in_mail(demo, visitor)
    page.locator("[name=code]").fill(code)
    visitor.tap("main form .button", until="**/account/")


def code_in_mail(demo: Demo, visitor: Visitor) -> str:
    """What the newest mail says, read as people read it, in a second window."""
    eventually(lambda: "登录" in demo.mails(ADDRESS)[-1]["subject"], "the sign-in mail")
    reader = visitor.page.context.new_page()
    reader.goto(f"{demo.url('mail')}/?to={ADDRESS}")
    reader.locator(".mails a").filter(has_text="登录").first.click()
    found = re.search(r"[A-Z0-9]{4}-[A-Z0-9]{4}", reader.locator("h1").inner_text())
    reader.close()
    assert found, "no code in the subject"
    return found.group()


def get_money_back(visitor: Visitor, line_page: str, folder: Path) -> dict[str, Any]:
    """The answer first, one button, the timeline to its end. Returns the signed decision."""
    page = visitor.page
    visitor.open(line_page)
    visitor.tap("a[href$='/refund/']", until="**/refund/")
    expect(page.get_by_role("heading", level=1)).to_contain_text("€14.25")
    expect(page.locator(".receipt-total .amount")).to_have_text("€14.25")
    visitor.tap("main form button.button", until="**/account/quotes/*/")
    expect(page.locator(".receipt-total .amount")).to_have_text("€14.25")
    visitor.tap("main form button.button", until="**/account/refunds/*/")
    expect(page.locator(".timeline li").last).to_have_attribute("data-state", "done")
    expect(page.get_by_role("heading", level=1)).to_contain_text("€14.25")
    visitor.look()
    with page.expect_download() as download:
        page.locator("a[href$='.json']").first.click()
    download.value.save_as(folder / "decision.json")
    return dict(json.loads((folder / "decision.json").read_bytes())["statement"])


def decided_again(decision: dict[str, Any]) -> dict[str, Any]:
    """What `fairroam decide` says to the facts and packs of the paper."""
    case = json.dumps({"facts": decision["facts"], "packs": decision["packs"]})
    answer = subprocess.run([FAIRROAM, "decide"], input=case.encode(), capture_output=True)
    return dict(json.loads(answer.stdout))


def leave(visitor: Visitor) -> str:
    """The checklist, the tick, the button; ends with the number of the certificate."""
    page = visitor.page
    visitor.tap("nav a[href='/account/']", until="**/account/")
    visitor.tap("main a[href='/account/leave/']", until="**/account/leave/")
    assert page.locator("footer a[href='/leave/']").count() == 1  # the same way from every page
    assert page.locator("[data-blocks]").count() == 0, visitor.words(".checklist")
    assert not page.locator("[name=understood]").is_checked()
    page.locator("[name=timing][value=at_once]").check()
    page.locator("[name=understood]").check()
    visitor.tap("main form button.button", until="**/account/leave/*/")
    number = page.locator(".certificate")
    expect(number).to_be_visible()
    visitor.look()
    return str(number.inner_text())


def assert_that_the_certificate_proves_itself(
    demo: Demo, visitor: Visitor, number: str, folder: Path
) -> None:
    """The public page says true; a stranger with ten lines finds the same, and every change."""
    visitor.tap("a[href^='/verify/']", until="**/verify/*/")
    expect(visitor.page.locator("[data-truth]")).to_have_attribute("data-truth", "true")
    mail = eventually(lambda: has_certificate(demo.mails(ADDRESS)[-1]), "the last mail")
    certificate = demo.attachment(mail, ".json")
    keys = visitor.page.context.request.get(f"{demo.shop}/.well-known/fairroam-keys.json").body()

    assert number in certificate.decode()
    assert is_true_to_a_stranger(certificate, keys, folder)
    place = certificate.index(number.encode()) + len(number) - 1
    altered = b"0" if certificate[place : place + 1] != b"0" else b"1"
    changed = certificate[:place] + altered + certificate[place + 1 :]
    assert not is_true_to_a_stranger(changed, keys, folder)


def has_certificate(mail: dict[str, Any]) -> dict[str, Any] | None:
    return mail if any("CERT" in file["name"] for file in mail["attachments"]) else None


def is_true_to_a_stranger(certificate: bytes, keys: bytes, folder: Path) -> bool:
    """Whether the script that knows nothing of fairroam accepts the file."""
    (folder / "certificate.json").write_bytes(certificate)
    (folder / "keys.json").write_bytes(keys)
    files = [folder / "certificate.json", folder / "keys.json"]
    command = [sys.executable, "-I", STRANGER, *files]
    return subprocess.run(command, capture_output=True).returncode == 0


def assert_silence(demo: Demo, visitor: Visitor) -> None:
    """Nobody is signed in and no code is sent any more: who asks hears that it is closed."""
    written = len(demo.mails(ADDRESS))
    page = visitor.page
    visitor.open(f"{demo.shop}/account/")
    page.locator("[name=email]").fill(ADDRESS)
    visitor.tap("main form .button", until="**/confirm/*")
    page.locator("[name=code]").fill("123456")
    visitor.follow(page.locator("main form .button:not([hidden])").first)
    visitor.open(f"{demo.shop}/account/")
    assert "/sign-in/" in page.url
    eventually(lambda: demo.mails(ADDRESS)[written:], "the mail that says so")
    time.sleep(QUIET_SECONDS)
    assert ["已注销" in mail["subject"] for mail in demo.mails(ADDRESS)[written:]] == [True]
