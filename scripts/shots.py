"""Take the pictures of the README from a running demo: `scripts/shots.py [ADDRESS]`.

The demo's cast must have played its stories (`make demo` does that). Pictures of what is not
there are reported, the others are still taken; exit code 1 when one is missing.
"""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Error, Page, sync_playwright

PICTURES = Path(__file__).resolve().parent.parent / "docs" / "pictures"
CHROMIUM = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PHONE, DESK = (390, 844), (1280, 900)
LOCALES = {"en": "en-GB", "zh": "zh-CN"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One picture: where, as whom, which links to follow first, and what to bring into view."""

    name: str
    path: str
    size: tuple[int, int] = DESK
    theme: str = "light"
    language: str = "en"
    who: str = ""
    follow: tuple[str, ...] = ()
    show: str = ""


PLAN = "/plans/europe-20gb-30d/?residence=DE&days=5&used=25"
SCENES = (
    Scene(name="home", path="/"),
    Scene(name="home-phone-chinese-dark", path="/", size=PHONE, theme="dark", language="zh"),
    Scene(name="calculator", path=PLAN, show="#money-back"),
    Scene(name="calculator-phone", path=PLAN, size=PHONE, show="#answer"),
    Scene(name="checkout-phone", path="/checkout/japan-10gb-30d/?residence=DE", size=PHONE),
    Scene(name="account", path="/account/", who="mei@example.com", language="zh"),
    Scene(
        name="refund-phone-chinese",
        path="/account/",
        size=PHONE,
        who="mei@example.com",
        language="zh",
        follow=("a[href$='/refund/']",),
    ),
    Scene(
        name="refund",
        path="/account/",
        who="mei@example.com",
        follow=("a[href$='/refund/']",),
        theme="dark",
    ),
    Scene(
        name="refunded",
        path="/account/",
        who="carla@example.com",
        follow=("a[href^='/account/refunds/']",),
    ),
    Scene(name="leave", path="/account/leave/", who="ben@example.com"),
    Scene(name="desk", path="/desk/", who="max@fairroam.example"),
    Scene(
        name="case",
        path="/desk/",
        who="max@fairroam.example",
        follow=("a[href^='/desk/refunds/']",),
    ),
    Scene(name="books", path="/desk/books/", who="max@fairroam.example"),
    Scene(name="components", path="/demo/components/"),
)


def become(page: Page, address: str, email: str) -> None:
    """Sign in as one of the cast, through the demo's door."""
    page.goto(f"{address}/demo/")
    with page.expect_navigation() as entered:
        page.locator(f"button[value='{email}']").click()
    if not entered.value.ok:
        raise Error(f"the demo does not know {email}")


def take(browser: Browser, address: str, scene: Scene) -> None:
    """Open the page of a scene as its person and keep what the screen shows."""
    context = browser.new_context(
        viewport={"width": scene.size[0], "height": scene.size[1]},
        device_scale_factor=2 if scene.size == PHONE else 1,
        color_scheme="dark" if scene.theme == "dark" else "light",
        locale=LOCALES[scene.language],
        reduced_motion="reduce",
    )
    context.set_default_timeout(10_000)
    page = context.new_page()
    if scene.who:
        become(page, address, scene.who)
    page.goto(f"{address}{scene.path}")
    for link in scene.follow:
        page.locator(link).first.click()
        page.wait_for_load_state()
    if scene.show:
        page.locator(scene.show).evaluate("element => element.scrollIntoView()")
    page.screenshot(path=PICTURES / f"{scene.name}.png")
    context.close()


def main(arguments: list[str]) -> int:
    """Take every picture; 1 when one could not be taken."""
    address = (arguments or [os.environ.get("FAIRROAM_ADDRESS", "http://127.0.0.1:8000")])[0]
    PICTURES.mkdir(parents=True, exist_ok=True)
    missing = 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=CHROMIUM
        )
        for scene in SCENES:
            try:
                take(browser, address, scene)
                print(f"{scene.name}.png")
            except Error as failed:
                missing += 1
                print(f"{scene.name}: {failed.message.splitlines()[0]}")
        browser.close()
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
