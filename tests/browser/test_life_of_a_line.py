"""The life of an eSIM on its owner's phone-sized screen, beside a page of it that stays open.

What happens to the eSIM shows there by itself: nobody reloads it. `tests/web/test_live.py` says how
often it asks.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, expect

from tests.browser.demo import Demo, eventually
from tests.browser.visitor import Visitor, visiting
from tests.stack import a_new_eid

ADDRESS, PERSON = "newcomer@example.com", "Nia Newcomer"
PLAN, NUMBER_PLAN = "japan-10gb-30d", "keep-number-uk-90d"
COUNTRY = "JP"
HALF_A_GIGABYTE = 500_000_000
# Places in the timeline of the page.
DOWNLOADED, INSTALLED, SWITCHED_ON, FIRST_USED = 2, 3, 4, 6
IS_CODE = "sign-in code"
STILL_THE_SAME = "window.isStillTheSame"
IS_KNOWN = """async ([selector, words]) => {
  const answer = await fetch(location.href);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  return [...page.querySelectorAll(selector)].some((one) => one.textContent.includes(words));
}"""


@pytest.mark.promise(2, 55)
def test_an_esim_is_paused_moves_to_a_new_phone_is_topped_up_and_joined_by_a_number(
    demo: Demo, chromium: Browser
) -> None:
    with visiting(chromium, language="en-GB") as owner:
        line_page = buy(demo, owner, PLAN)
        sign_in(demo, owner)
        with left_open(owner, line_page) as watched:
            iccid = install_and_use(demo, watched)
            pause_and_resume(demo, owner, watched, iccid)
            move_to_a_new_phone(demo, owner, watched, iccid)
            top_up(demo, owner, watched)
        keep_a_number(demo, owner)
        owner.open(f"{demo.shop}/code-again/")
        looks_well(owner)


@contextmanager
def left_open(owner: Visitor, address: str) -> Iterator[Visitor]:
    """A second window with that page, which is never read again as a whole."""
    watched = Visitor(owner.page.context.new_page(), owner.size)
    watched.open(address)
    watched.page.evaluate(f"{STILL_THE_SAME} = true")
    yield watched
    assert watched.page.evaluate(STILL_THE_SAME) is True
    watched.look()
    watched.page.close()


def shows(watched: Visitor, selector: str, words: str = "") -> None:
    """The open page has it by itself, after whoever opened it anew would see it."""
    eventually(lambda: watched.page.evaluate(IS_KNOWN, [selector, words]), f"{selector} {words}")
    place = watched.page.locator(selector).filter(has_text=words).first
    expect(place).to_be_visible()


def shows_fact(watched: Visitor, place: int) -> None:
    shows(watched, f".timeline li:nth-child({place})[data-state=done]")


def looks_well(visitor: Visitor) -> None:
    """No complaint, nothing sideways, no barrier."""
    visitor.look()
    assert visitor.barriers() == []


def act_on_phone(demo: Demo, act: str, **wish: Any) -> str:
    """What a person does with the sandbox phone; the ICCID of the eSIM it was done with."""
    door = f"{demo.url('profiles')}/phone/{act}"
    answer = httpx.post(door, json=wish, timeout=20, trust_env=False)
    return str(answer.raise_for_status().json()["iccid"])


def pay(demo: Demo, visitor: Visitor) -> None:
    """Agree, order, pay on the provider's page, come back to the order."""
    for consent in visitor.page.locator("main").get_by_role("checkbox").all():
        assert not consent.is_checked(), "consents are never ticked in advance"
        consent.check()
    visitor.tap("main form button.button", until=f"{demo.url('payments')}/pay/**")
    visitor.tap("button[type=submit]", until="**/orders/**")


def buy(demo: Demo, visitor: Visitor, plan: str) -> str:
    """From the plan to the page of its eSIM; that address."""
    page = visitor.page
    visitor.open(f"{demo.shop}/checkout/{plan}/?residence=DE")
    page.locator("[name=email]").fill(ADDRESS)
    page.locator("[name=residence]").select_option("DE")
    pay(demo, visitor)
    visitor.tap("a[href^='/account/lines/']", until="**/account/lines/**")
    return page.url


def sign_in(demo: Demo, visitor: Visitor) -> None:
    """With the code from the mail."""
    page = visitor.page
    visitor.open(f"{demo.shop}/account/")
    page.locator("[name=email]").fill(ADDRESS)
    visitor.tap("main form .button", until="**/confirm/*")
    subject = eventually(
        lambda: next((m["subject"] for m in demo.mails(ADDRESS) if IS_CODE in m["subject"]), ""),
        "the sign-in mail",
    )
    page.locator("[name=code]").fill(subject.split()[0])
    visitor.tap("main form .button", until="**/account/")


def shown_code(visitor: Visitor) -> str:
    """The activation code, as somebody types it in."""
    code = visitor.page.locator("details code").filter(has_text="LPA:1$")
    return str(code.text_content())


def install_and_use(demo: Demo, watched: Visitor) -> str:
    """Each step of the phone is told by the page. Returns the ICCID."""
    iccid = act_on_phone(demo, "download", activation_code=shown_code(watched))
    shows_fact(watched, DOWNLOADED)
    act_on_phone(demo, "install", iccid=iccid)
    shows_fact(watched, INSTALLED)
    act_on_phone(demo, "enable", iccid=iccid, country=COUNTRY)
    shows_fact(watched, SWITCHED_ON)
    use(demo, iccid)
    shows_fact(watched, FIRST_USED)
    shows(watched, ".allowance-ring .number", "9.5 GB")
    return iccid


def use(demo: Demo, iccid: str) -> None:
    act_on_phone(demo, "use", iccid=iccid, country=COUNTRY, bytes=HALF_A_GIGABYTE)


def page_of_act(owner: Visitor, line_page: str, act: str) -> None:
    """Follow the button on the line's page to the page of the act."""
    owner.open(line_page)
    owner.tap(f"a[href$='/acts/{act}/']", until=f"**/acts/{act}/")


def press(owner: Visitor) -> None:
    """Ask for the act; where the browser goes then is of no interest here."""
    owner.page.locator("main form button.button").click()


def await_effect(demo: Demo, effect: str, iccid: str) -> None:
    """Until the network itself has done it."""

    def is_done() -> bool:
        effects = demo.ask("lines", "/_effects")["effects"]
        return any(one["effect"] == effect and one.get("iccid") == iccid for one in effects)

    eventually(is_done, f"{effect} at the network")


def pause_and_resume(demo: Demo, owner: Visitor, watched: Visitor, iccid: str) -> None:
    """The network stops serving the eSIM, and serves it again."""
    for act, tone, word in (("suspend", "care", "paused"), ("resume", "good", "active")):
        page_of_act(owner, watched.page.url, act)
        press(owner)
        await_effect(demo, act, iccid)
        shows(watched, f".badge[data-tone={tone}]", word)
        owner.page.wait_for_url("**/account/lines/*/")
    use(demo, iccid)
    shows(watched, ".allowance-ring .number", "9 GB")


def move_to_a_new_phone(demo: Demo, owner: Visitor, watched: Visitor, old: str) -> None:
    """Deleted on the old phone, downloaded by another one; what was left goes along."""
    act_on_phone(demo, "delete", iccid=old)
    shows(watched, ".notice", "deleted from the phone")
    page_of_act(owner, watched.page.url, "change_phone")
    looks_well(owner)
    owner.page.locator("[name=is_lost][value=no]").check()
    press(owner)
    owner.page.wait_for_url("**/account/lines/*/")
    expect(watched.page.locator(".qr svg")).to_be_visible()
    looks_well(watched)

    asked = {"activation_code": shown_code(watched), "eid": a_new_eid()}
    iccid = act_on_phone(demo, "download", **asked)
    shows(watched, "main:not(:has(.qr))")
    act_on_phone(demo, "install", iccid=iccid)
    act_on_phone(demo, "enable", iccid=iccid, country=COUNTRY)
    use(demo, iccid)
    shows(watched, ".allowance-ring .number", "8.5 GB")
    assert iccid != old
    owner.open(f"{watched.page.url}history/")
    expect(owner.page.locator("tbody th")).to_have_text(["Move to a new phone", "Resume", "Pause"])
    looks_well(owner)


def top_up(demo: Demo, owner: Visitor, watched: Visitor) -> None:
    """A second pack on the same eSIM, bought from its page."""
    owner.open(watched.page.url)
    owner.tap("a[href$='/top-up/']", until="**/top-up/")
    looks_well(owner)
    owner.page.locator(f"[name=plan][value='{PLAN}']").check()
    pay(demo, owner)
    expect(owner.page.locator("main")).to_contain_text("There is nothing to install")
    expect(watched.page.locator(".allowance-ring .number")).to_have_text(["8.5 GB", "10 GB"])


def keep_a_number(demo: Demo, owner: Visitor) -> None:
    """Bought, given to a person who is known, with its clock."""
    page = owner.page
    buy(demo, owner, NUMBER_PLAN)
    owner.open(f"{demo.shop}/account/numbers/")
    owner.tap("form[action$='/identify/'] button", until="**/account/numbers/")
    page.locator(f"a[href^='{demo.url('identity')}/checks/']").click()
    page.locator("[name=person]").fill(PERSON)
    page.get_by_role("button", name="This is me").click()
    page.wait_for_url("**/account/numbers/")
    expect(page.locator("a.card strong")).to_contain_text("+44 7700")
    looks_well(owner)
    owner.tap("a.card[href$='/number/']", until="**/number/")
    expect(page.get_by_role("heading", level=1)).to_contain_text("+44 7700")
    expect(page.locator(".timeline")).to_be_visible()
    looks_well(owner)
