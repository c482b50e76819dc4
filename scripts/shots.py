"""Take the pictures of README and tour from a demo of its own: `scripts/shots.py [NAME ...]`.

Starts the demo in a temporary folder, whose cast has played what the pictures show, and stops it.
Phones stand side by side in one picture, so that a story can be read from left to right. Pictures
have 128 colours, which is enough for pages and a third of the size.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image
from playwright.sync_api import Browser, Page

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.browser.demo import Demo, running_demo  # noqa: E402 - the tests' own demo and Chromium
from tests.browser.visitor import DESK, become, running_chromium, visiting  # noqa: E402

PICTURES = ROOT / "docs" / "pictures"
GAP = 16  # pixels between two phones
MEI, CARLA, MAX = "mei@example.com", "carla@example.com", "max@fairroam.example"
BESIDE = """<body style="margin:0;display:flex;gap:{gap}px;background:#8b8271">{pictures}"""


@dataclass(frozen=True, slots=True)
class Look:
    """How a picture is taken."""

    size: tuple[int, int]
    language: str
    theme: str


PHONE = (390, 720)
ENGLISH_DAY = Look(PHONE, "en-GB", "light")
CHINESE_NIGHT = Look(PHONE, "zh-CN", "dark")
WIDE = Look(DESK, "en-GB", "light")

Scene = Callable[[Page, Demo], None]


def home(page: Page, demo: Demo) -> None:
    page.goto(f"{demo.shop}/")


def calculator(page: Page, demo: Demo) -> None:
    page.goto(f"{demo.shop}/plans/europe-20gb-30d/?residence=DE&days=5&used=25")
    page.locator("#money-back").evaluate("element => element.scrollIntoView()")


def answer(page: Page, demo: Demo) -> None:
    become(page, demo, MEI)
    page.locator("main a[href$='/refund/']").first.click()


def arrived(page: Page, demo: Demo) -> None:
    become(page, demo, CARLA)
    page.goto(f"{demo.shop}/account/history/")
    page.locator("main a[href^='/account/refunds/']").first.click()


def checklist(page: Page, demo: Demo) -> None:
    become(page, demo, MEI)
    page.goto(f"{demo.shop}/account/leave/")


def case(page: Page, demo: Demo) -> None:
    become(page, demo, MAX)
    page.locator("main a[href^='/desk/refunds/']").first.click()


def verdict(page: Page, demo: Demo) -> None:
    """Petra's account is closed; anybody can check her certificate."""
    [number] = {found for mail in demo.mails(PETRA) for found in CERTIFICATE.findall(mail["text"])}
    page.goto(f"{demo.shop}/verify/{number}/")


def control(page: Page, demo: Demo) -> None:
    page.goto(f"{demo.shop}/demo/")


def components(page: Page, demo: Demo) -> None:
    page.goto(f"{demo.shop}/demo/components/")


def code(page: Page, demo: Demo) -> None:
    become(page, demo, "ben@example.com")
    page.locator("main a[href^='/account/lines/']").first.click()


def phone(page: Page, demo: Demo) -> None:
    page.goto(f"{demo.shop}/demo/phone/?of=yi-chun@example.com")


def offer(page: Page, demo: Demo) -> None:
    become(page, demo, "rosa@example.com")
    page.locator("main a[href*='/offers/']").first.click()


def number(page: Page, demo: Demo) -> None:
    become(page, demo, "yusuf@example.com")
    page.goto(f"{demo.shop}/account/numbers/")


def wallet(page: Page, demo: Demo) -> None:
    become(page, demo, "omar@example.com")
    page.goto(f"{demo.shop}/account/wallet/")


def leaving(page: Page, demo: Demo) -> None:
    become(page, demo, "tom@example.com")
    page.goto(f"{demo.shop}/account/leave/")


def outage(page: Page, demo: Demo) -> None:
    become(page, demo, "olga@fairroam.example")
    page.goto(f"{demo.shop}/desk/incidents/")
    page.locator("main a.card").first.click()
    page.locator("main a.card").first.click()


CERTIFICATE = re.compile(r"/verify/([A-Z0-9-]+)/")
PETRA = "petra@example.com"
PICTURED: dict[str, tuple[Look, tuple[Scene, ...]]] = {
    "home": (WIDE, (home,)),
    "calculator": (WIDE, (calculator,)),
    "demo": (WIDE, (control,)),
    "desk": (WIDE, (case,)),
    "outage": (WIDE, (outage,)),
    "components": (WIDE, (components,)),
    "components-night": (Look(DESK, "zh-CN", "dark"), (components,)),
    "money-back": (ENGLISH_DAY, (answer, arrived, verdict)),
    "first-steps": (ENGLISH_DAY, (code, phone, wallet)),
    "numbers-and-leaving": (ENGLISH_DAY, (number, offer, leaving)),
    "chinese-night": (CHINESE_NIGHT, (home, answer, checklist)),
}


def take(browser: Browser, demo: Demo, look: Look, scene: Scene, path: Path) -> None:
    """One scene as the screen shows it."""
    with visiting(browser, size=look.size, language=look.language, theme=look.theme) as visitor:
        scene(visitor.page, demo)
        visitor.page.wait_for_load_state("networkidle")
        visitor.page.screenshot(path=path)


def beside(browser: Browser, paths: list[Path], target: Path) -> None:
    """Put pictures of phones side by side into one."""
    width = (PHONE[0] + GAP) * len(paths) - GAP
    pictures = "".join(f'<img src="{path.as_uri()}">' for path in paths)
    board = target.with_suffix(".html")
    board.write_text(BESIDE.format(gap=GAP, pictures=pictures))
    page = browser.new_page(viewport={"width": width, "height": PHONE[1]})
    page.goto(board.as_uri())
    page.screenshot(path=target)
    page.close()


def main(names: list[str]) -> int:
    """Take every picture, or only those named."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    with (
        TemporaryDirectory() as name,
        running_demo(Path(name)) as demo,
        running_chromium() as browser,
    ):
        for picture, (look, scenes) in PICTURED.items():
            if names and picture not in names:
                continue
            paths = [Path(name) / f"{picture}-{place}.png" for place in range(len(scenes))]
            for scene, path in zip(scenes, paths, strict=True):
                take(browser, demo, look, scene, path)
            target = Path(name) / f"{picture}.png"
            beside(browser, paths, target) if look.size == PHONE else paths[0].rename(target)
            kept = PICTURES / target.name
            Image.open(target).convert("RGB").quantize(128).save(kept, optimize=True)
            print(f"{kept.name} {kept.stat().st_size // 1000} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
