"""Somebody with a bit of everything leaves in one sitting, at once, on a phone.

A balance, a half-used plan, two browsers, a number and 300 contacts: the money comes back, the
data is taken along, the certificate is true to everybody, and then it is silent.
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.demo import FAIRROAM, Demo, eventually
from tests.browser.visitor import KEPT, Visitor, visiting
from tests.stack import a_new_eid

PLAN, NUMBER_PLAN, COUNTRY = "japan-10gb-30d", "keep-number-uk-90d", "JP"
HALF_OF_IT = 5 * 10**9  # of 10 GB, €19.00
BALANCE, BALANCE_MINOR = "12.34", 1234
HALF_THE_PRICE = 950
PEOPLE = 300
CODE = re.compile(r"[A-Z0-9]{4}-[A-Z0-9]{4}")
BOOK = "".join(
    f"BEGIN:VCARD\r\nVERSION:4.0\r\nFN:友人 {number}\r\nTEL:+8613900{number:06}\r\nEND:VCARD\r\n"
    for number in range(PEOPLE)
)
STAND_INS = ("lines", "profiles", "payments", "sms")
QUIET_SECONDS = 3  # a queued message leaves within one


@dataclass
class Leaver:
    """Who leaves, their first browser and the service."""

    demo: Demo
    window: Visitor
    address: str

    @property
    def page(self) -> Page:
        return self.window.page

    def open(self, path: str) -> None:
        self.window.open(f"{self.demo.shop}{path}")

    def looks_well(self) -> None:
        self.window.look()
        assert self.window.barriers() == []

    def code(self, known: int) -> str:
        """The newest code in the mails after the `known` ones."""

        def newest() -> re.Match[str] | None:
            new = [CODE.search(mail["subject"]) for mail in self.demo.mails(self.address)[known:]]
            return next((found for found in reversed(new) if found), None)

        found = eventually(newest, "a mail with a code")
        assert found is not None
        return found.group(0)


@pytest.mark.promise(43, 57, 58, 60, 61, 62, 63, 78)
@pytest.mark.parametrize("language", ["zh-CN", "en-GB"])
def test_an_account_with_a_bit_of_everything_is_left_in_one_sitting(
    demo: Demo, chromium: Browser, tmp_path: Path, night: bool, language: str
) -> None:
    if language == "en-GB" and not night:
        pytest.skip("the same in English by night")
    address = f"leaver-{language.lower()}@example.com"
    with visiting(chromium, language=language) as window, visiting(chromium) as second:
        leaver = Leaver(demo, window, address)
        line = settle_in(leaver, tmp_path)
        sign_in(Leaver(demo, second, address))
        arrived = len(demo.paid_back())

        see_what_would_be_lost(leaver)
        take_money_back(leaver, line)
        keep_offline(leaver)
        take_balance_out(leaver)
        take_data_along(leaver, tmp_path)
        number = leave_at_once(leaver)
        take_certificate_along(leaver, number)

        eventually(
            lambda: {HALF_THE_PRICE, BALANCE_MINOR} <= set(demo.paid_back()[arrived:]),
            "both amounts, to the cent",
        )
        assert_true_to_everybody(leaver, number, tmp_path)
        assert_silence(leaver, second)


# Before ----------------------------------------------------------------------------------------


def settle_in(leaver: Leaver, folder: Path) -> int:
    """Everything that an account can hold. Returns the id of the half-used line."""
    line = buy(leaver, PLAN)
    code = leaver.page.locator("details code").filter(has_text="LPA:1$").text_content()
    eid = a_new_eid()
    iccid = on_phone(leaver, "download", activation_code=code, eid=eid)["iccid"]
    on_phone(leaver, "install", iccid=iccid)
    on_phone(leaver, "enable", iccid=iccid, country=COUNTRY)
    on_phone(leaver, "use", iccid=iccid, country=COUNTRY, bytes=HALF_OF_IT)
    sign_in(leaver)
    keep_a_number(leaver)
    pay_in(leaver)
    book = folder / "phone.vcf"
    book.write_text(BOOK, newline="")
    leaver.open("/account/contacts/import/")
    leaver.page.locator("[name=book]").set_input_files(book)
    leaver.window.tap("main form .button", until="**/account/contacts/")
    return line


def on_phone(leaver: Leaver, act: str, **wish: Any) -> Any:
    """What a person does with the sandbox phone."""
    door = f"{leaver.demo.url('profiles')}/phone/{act}"
    return httpx.post(door, json=wish, timeout=20, trust_env=False).raise_for_status().json()


def buy(leaver: Leaver, plan: str) -> int:
    page = leaver.page
    leaver.open(f"/checkout/{plan}/?residence=DE")
    page.locator("[name=email]").fill(leaver.address)
    page.locator("[name=residence]").select_option("DE")
    for consent in page.locator("main").get_by_role("checkbox").all():
        consent.check()
    pay(leaver)
    leaver.window.tap("a[href^='/account/lines/']", until="**/account/lines/**")
    return int(page.url.rstrip("/").rpartition("/")[2])


def pay(leaver: Leaver) -> None:
    leaver.window.tap("main form button.button", until=f"{leaver.demo.url('payments')}/pay/**")
    leaver.page.locator("button[type=submit]").first.click()
    leaver.page.wait_for_url(f"{leaver.demo.shop}/**")


def sign_in(leaver: Leaver) -> None:
    known = len(leaver.demo.mails(leaver.address))
    leaver.open("/account/")
    leaver.page.locator("[name=email]").fill(leaver.address)
    leaver.window.tap("main form .button", until="**/confirm/*")
    leaver.page.locator("[name=code]").fill(leaver.code(known))
    leaver.window.tap("main form .button", until="**/account/")


def keep_a_number(leaver: Leaver) -> None:
    """Bought, and given to a person whom we know."""
    page = leaver.page
    buy(leaver, NUMBER_PLAN)
    leaver.open("/account/numbers/")
    leaver.window.tap("form[action$='/identify/'] button", until="**/account/numbers/")
    page.locator(f"a[href^='{leaver.demo.url('identity')}/checks/']").click()
    page.locator("[name=person]").fill(f"Person of {leaver.address}")
    page.locator("button[name=status][value=verified]").click()
    page.wait_for_url("**/account/numbers/")
    expect(page.locator("a.card strong")).to_contain_text("+44 7700")


def pay_in(leaver: Leaver) -> None:
    leaver.open("/account/wallet/top-up/EUR/")
    leaver.page.locator("[name=amount]").fill(BALANCE)
    leaver.window.tap("main form button.button", until="**/wallet/paying/*/")
    leaver.page.locator(f"main a[href^='{leaver.demo.url('payments')}/pay/']").click()
    leaver.page.locator("button[type=submit]").first.click()
    leaver.page.wait_for_url(f"{leaver.demo.shop}/**")

    def is_there() -> bool:
        leaver.page.goto(f"{leaver.demo.shop}/account/wallet/")
        return BALANCE in leaver.window.words()

    eventually(is_there, "the balance")


# The sitting -----------------------------------------------------------------------------------


def item(leaver: Leaver, code: str) -> Any:
    return leaver.page.locator(f".checklist [data-code={code}]")


def see_what_would_be_lost(leaver: Leaver) -> None:
    """Each in figures, each with its remedy; the balance alone blocks."""
    leaver.open("/account/leave/")
    leaver.looks_well()
    expect(leaver.page.locator("[data-blocks]")).to_have_attribute("data-code", "paid_credit_left")
    expect(item(leaver, "paid_credit_left")).to_contain_text(BALANCE)
    expect(item(leaver, "plan_running").filter(has_text="5 GB")).to_be_visible()
    expect(item(leaver, "number_lost").locator("button, a").first).to_be_visible()
    expect(item(leaver, "export_not_taken")).to_contain_text(str(PEOPLE))
    expect(item(leaver, "sessions_end")).to_contain_text("2")
    expect(leaver.page.locator("[name=understood]")).to_have_count(0)


def take_money_back(leaver: Leaver, line: int) -> None:
    """Half of the price for half of the data."""
    place = f".checklist a[href='/account/lines/{line}/refund/']"
    leaver.window.tap(place, until="**/refund/")
    leaver.window.tap("main form button.button", until="**/account/quotes/*/")
    leaver.window.tap("main form button.button", until="**/account/refunds/*/")
    expect(leaver.page.get_by_role("heading", level=1)).to_contain_text("9.50")


def take_balance_out(leaver: Leaver) -> None:
    """Along the payment it came by, after a new proof; and back to the list."""
    leaver.open("/account/leave/")
    known = len(leaver.demo.mails(leaver.address))
    leaver.window.tap(".checklist a[href*='/wallet/get-back/']", until="**/get-back/**")
    expect(leaver.page.locator("[name=amount]")).to_have_value(BALANCE)
    leaver.window.follow(leaver.page.locator("main form button.button"))
    if leaver.page.locator("[name=step_up_code]").count():
        leaver.looks_well()
        leaver.page.locator("[name=step_up_code]").fill(leaver.code(known))
        leaver.page.locator("main form .button").first.click()
    leaver.page.wait_for_url("**/account/leave/")
    expect(item(leaver, "paid_credit_left")).to_have_count(0)
    leaver.looks_well()


def take_data_along(leaver: Leaver, folder: Path) -> None:
    """One file, each part as its manifest says, every contact in it."""
    page = leaver.page
    leaver.window.tap(".checklist a[href='/account/export/']", until="**/account/export/")
    page.locator("main form .button").click()
    expect(page.locator(".live a.button")).to_be_visible()
    with page.expect_download() as download:
        page.locator(".live a.button").click()
    download.value.save_as(folder / "export.zip")
    with ZipFile(folder / "export.zip") as opened:
        files = {name: opened.read(name) for name in opened.namelist()}
    manifest = json.loads(files.pop("manifest.json"))
    assert {entry["name"]: entry["sha256"] for entry in manifest["files"]} == {
        name: hashlib.sha256(content).hexdigest() for name, content in files.items()
    }
    assert files["contacts.vcf"].decode().count("FN:友人 ") == PEOPLE


def leave_at_once(leaver: Leaver) -> str:
    """What is left is chosen to be lost; the number of the certificate."""
    page = leaver.page
    leaver.open("/account/leave/")
    expect(page.locator("[data-blocks]")).to_have_count(0)
    page.locator("[name=timing][value=at_once]").check()
    page.locator("[name=understood]").check()
    leaver.looks_well()
    leaver.window.tap("main form button.button-danger", until="**/account/leave/*/")
    expect(page.locator(".certificate")).to_be_visible()
    leaver.looks_well()
    return page.locator(".certificate").inner_text()


def keep_offline(leaver: Leaver) -> None:
    keep, kept = leaver.page.locator("[data-keep] button").all()
    keep.click()
    expect(kept).to_be_visible()


# Afterwards ------------------------------------------------------------------------------------


def take_certificate_along(leaver: Leaver, number: str) -> None:
    """Nothing private is left in the browser; the closing's page and its papers open offline."""
    page = leaver.page
    page.wait_for_function(f"async () => !(await ({KEPT})()).length")
    keep_offline(leaver)
    here = page.evaluate("location.pathname")
    papers = [f"{here}certificate.json", f"{here}certificate.pdf"]
    assert page.evaluate(KEPT) == [here, *papers]
    page.context.set_offline(True)
    page.reload()
    expect(page.locator(".certificate")).to_have_text(number)
    for paper, part in zip(papers, (number.encode(), b"%PDF"), strict=True):
        with page.expect_download() as download:
            page.locator(f"a[href='{paper}']").click()
        assert part in download.value.path().read_bytes()
    page.context.set_offline(False)
    leaver.window.complaints.clear()  # what a page says of a network that is not there


def assert_true_to_everybody(leaver: Leaver, number: str, folder: Path) -> None:
    """On the public page, and to the verifier that has no network and no database."""
    leaver.window.tap("a[href^='/verify/']", until="**/verify/*/")
    expect(leaver.page.locator("[data-truth]")).to_have_attribute("data-truth", "true")
    leaver.looks_well()
    last = eventually(lambda: with_certificate(leaver.demo.mails(leaver.address)), "the last mail")
    certificate = leaver.demo.attachment(last, ".json")
    keys = httpx.get(f"{leaver.demo.shop}/.well-known/fairroam-keys.json", trust_env=False)
    (folder / "certificate.json").write_bytes(certificate)
    (folder / "keys.json").write_bytes(keys.content)
    command = [FAIRROAM, "verify", "certificate.json", "--keys", "keys.json"]
    nowhere = {"DATABASE_URL": "postgresql://nobody@127.0.0.1:9/none"}
    said = subprocess.run(command, cwd=folder, env=nowhere, capture_output=True, text=True)
    assert said.returncode == 0, said.stdout + said.stderr
    assert number in certificate.decode()
    assert leaver.address not in certificate.decode()


def with_certificate(mails: list[dict[str, Any]]) -> dict[str, Any] | None:
    is_last = [one for one in mails if any("CERT" in file["name"] for file in one["attachments"])]
    return is_last[-1] if is_last else None


def assert_silence(leaver: Leaver, second: Visitor) -> None:
    """Both browsers are out, and nothing is sent or done for them any more."""
    demo = leaver.demo
    before = heard(demo, leaver.address)
    for window in (leaver.window, second):
        shut = window.page.goto(f"{demo.shop}/account/")
        assert shut is not None
        assert (shut.status, "/sign-in/" in shut.url) in ((401, False), (200, True))
    time.sleep(QUIET_SECONDS)
    assert heard(demo, leaver.address) == before


def heard(demo: Demo, address: str) -> dict[str, int]:
    """How much mail there is for them, and how much each stand-in has done for anybody."""
    counts = {name: len(demo.ask(name, "/_effects")["effects"]) for name in STAND_INS}
    return {**counts, "mail": len(demo.mails(address))}
