"""Somebody with a phone-sized browser, who notices whatever goes wrong on a page."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, expect, sync_playwright

from tests.browser.demo import Demo

PATIENCE_MILLISECONDS = 90_000  # money and carriers take their time, and a loaded machine
PHONE, SMALL_PHONE, DESK = (390, 844), (320, 640), (1280, 900)
DESK_AT_200_PERCENT = (640, 450)
CHROMIUM = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# Told to the console, where the next line hears it with every other error.
TELL_POLICY = """document.addEventListener("securitypolicyviolation", (event) =>
  console.error(`policy: ${event.violatedDirective} refused ${event.blockedURI}`))"""
MEANT = ("the server responded with a status of", "htmx:sendAbort", "htmx:afterRequest")
SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
KEPT = """async () => {
  const kept = [];
  for (const name of (await caches.keys()).filter((one) => one.startsWith("kept-")))
    kept.push(...(await (await caches.open(name)).keys()).map((one) => new URL(one.url).pathname));
  return kept.sort();
}"""  # the paths of what this browser keeps offline
TOO_WIDE = """[...document.querySelectorAll("main *")]
  .filter((one) => one.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
  .map((one) => one.outerHTML.slice(0, 80))"""


@dataclass
class Visitor:
    """One browser window of its own, with its cookies."""

    page: Page
    size: tuple[int, int] = PHONE
    complaints: list[str] = field(default_factory=list)
    taps: int = 0

    def __post_init__(self) -> None:
        self.page.on("console", self.hear)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def hear(self, message: ConsoleMessage) -> None:
        """Remember an error, but not that a page answered 404 or 422: tests ask for those.

        Nor that htmx dropped a request for a newer one; a lost request is a `sendError`, too.
        """
        is_meant = any(words in message.text for words in MEANT)
        if message.type == "error" and not is_meant:
            self.complaints.append(f"{self.page.url}: {message.text}")

    def faults(self) -> list[str]:
        """What complained since the last look, and what sticks out sideways of this page."""
        self.page.wait_for_load_state()
        found, self.complaints = self.complaints, []
        smaller = {PHONE: SMALL_PHONE, DESK: DESK_AT_200_PERCENT}
        for width, height in {self.size, smaller.get(self.size, self.size)}:
            self.page.set_viewport_size({"width": width, "height": height})
            if (too_wide := self.page.evaluate(SIDEWAYS)) > 0:
                places = self.page.evaluate(TOO_WIDE)
                found.append(f"{self.page.url} is {too_wide} px too wide at {width}: {places}")
        self.page.set_viewport_size({"width": self.size[0], "height": self.size[1]})
        return found

    def look(self) -> None:
        """The page on the screen is in order: nothing complained, nothing sticks out sideways."""
        assert self.faults() == []

    def open(self, url: str) -> None:
        self.page.goto(url)
        self.look()

    def follow(self, place: Locator) -> None:
        """Click what leads to another page, and see that one: a click does not wait for it."""
        with self.page.expect_navigation():
            place.click()
        self.look()

    def tap(self, selector: str, *, until: str) -> None:
        """Tap what leads to another page, and wait for the page whose address matches `until`."""
        with self.page.expect_navigation():
            self.page.locator(selector).first.click()
        self.taps += 1
        self.page.wait_for_url(until)
        self.look()

    def words(self, selector: str = "main") -> str:
        """What stands there, with single spaces."""
        return " ".join(self.page.locator(selector).first.inner_text().split())

    def barriers(self) -> list[str]:
        """What keeps people out, by axe: serious and critical findings, each with its places."""
        found = Axe().run(self.page).response["violations"]
        return [
            f"{one['id']}: {node['html'][:120]} ({node['failureSummary']})"
            for one in found
            if one["impact"] in ("serious", "critical")
            for node in one["nodes"]
        ]


def become(page: Page, demo: Demo, email: str) -> None:
    """Sign in as one of the cast, through the demo's door."""
    page.goto(f"{demo.shop}/demo/")
    page.locator(f"button[value='{email}']").click()
    page.wait_for_url("**/desk/" if email.endswith("@fairroam.example") else "**/account/")


@contextmanager
def running_chromium() -> Iterator[Browser]:
    """Debian's Chromium. Its event loop ends with it: what follows may use the database."""
    expect.set_options(timeout=PATIENCE_MILLISECONDS)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=CHROMIUM
        )
        yield started
        started.close()


@contextmanager
def visiting(
    browser: Browser,
    *,
    size: tuple[int, int] = PHONE,
    language: str = "zh-CN",
    theme: str = "light",
    has_scripts: bool = True,
) -> Iterator[Visitor]:
    """Open a window and close it at the end."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        locale=language,
        color_scheme="dark" if theme == "dark" else "light",
        reduced_motion="reduce",
        java_script_enabled=has_scripts,
        accept_downloads=True,
    )
    context.set_default_timeout(PATIENCE_MILLISECONDS)
    if has_scripts:
        context.add_init_script(TELL_POLICY)
    try:
        yield Visitor(context.new_page(), size)
    finally:
        context.close()
