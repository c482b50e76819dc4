"""How soon a stranger holds an eSIM's QR code, from the address that `make demo` prints.

Starts a demo of its own, or takes the `--address` of one that runs, and opens its first page in a
Chromium that has never been there. Real clicks and keys, one after the other without a pause:
what is told is what the program takes, and what a person needs to read and type comes on top.
A step is a click that leads to another page. Of some strangers the slowest one counts.

The last line is the figure; the exit code is 1 when a bar is missed.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Browser, Page, expect

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.browser.demo import running_demo
from tests.browser.visitor import PHONE, running_chromium, visiting

COUNTRY = "Germany"
FORM = "order and pay"  # the step whose page is filled in first
# What is clicked, and where it leads.
STEPS = {
    "choose a plan": ("a.plan[href$='/japan-10gb-30d/']", "**/plans/**"),
    "buy it": ("a[href*='/checkout/']", "**/checkout/**"),
    FORM: ("main form button.button", "**/pay/*"),
    "pay at the provider": ("button[type=submit]", "**/orders/**"),
    "open the eSIM": ("a[href^='/account/lines/']", "**/account/lines/**"),
}
BAR_STEPS, BAR_SECONDS = 5, 60


def fill_in(page: Page, address: str) -> None:
    """Address, country and every box, by keys and clicks."""
    page.locator("[name=email]").click()
    page.keyboard.type(address)
    page.locator("[name=residence]").focus()
    page.keyboard.type(COUNTRY)
    expect(page.locator("#to-pay")).to_contain_text(COUNTRY)  # its law decides about the boxes
    for box in page.locator("main").get_by_role("checkbox").all():
        box.click()


def arrive(page: Page, shop: str, address: str) -> list[tuple[str, float]]:
    """From the first page to the QR code: each step, and the seconds since the beginning."""
    begun = time.perf_counter()
    page.goto(shop)
    taken = []
    for name, (selector, leads_to) in STEPS.items():
        if name == FORM:
            fill_in(page, address)
        page.locator(selector).first.click()
        page.wait_for_url(leads_to, timeout=BAR_SECONDS * 1000)
        taken.append((name, time.perf_counter() - begun))
    expect(page.locator(".qr svg")).to_be_visible()
    taken.append(("the QR code is there", time.perf_counter() - begun))
    return taken


@contextmanager
def demo_at(address: str) -> Iterator[str]:
    """That one, or one of our own."""
    if address:
        yield address
        return
    begun = time.perf_counter()
    with TemporaryDirectory() as folder, running_demo(Path(folder)) as demo:
        print(f"the demo was ready after {time.perf_counter() - begun:.0f} s", flush=True)
        yield demo.shop


def measure(chromium: Browser, shop: str, strangers: int) -> list[list[tuple[str, float]]]:
    """Let each stranger come with a fresh browser and an address of their own."""
    told = []
    for number in range(strangers):
        address = f"newcomer{number}.{time.time_ns()}@example.com"
        with visiting(chromium, size=PHONE, language="en-GB") as visitor:
            told.append(arrive(visitor.page, shop, address))
    return told


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--address", default="", help="of a running demo's shop")
    parser.add_argument("--strangers", type=int, default=3)
    options = parser.parse_args()
    with demo_at(options.address) as shop, running_chromium() as chromium:
        told = measure(chromium, shop, options.strangers)
    slowest = max(told, key=lambda taken: taken[-1][1])
    for name, seconds in slowest:
        print(f"{name}: {seconds:.1f} s")
    seconds = slowest[-1][1]
    print(f"newcomer_steps {len(STEPS)} (bar {BAR_STEPS})")
    print(f"newcomer_seconds {seconds:.1f} (bar {BAR_SECONDS})")
    return int(len(STEPS) > BAR_STEPS or seconds > BAR_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
