"""The whole service on real parts: web server, worker, database, and the outside as processes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from django.db import connection
from pytest_django.live_server_helper import LiveServer
from stdnum.iso7064 import mod_97_10

from fairroam.project.serve import PROFILES_HOOK
from fairroam.worker import main as worker
from sandbox.payments.paypal import WEBHOOK_ID
from sandbox.processes import HOOK_SECRET, KEY, SandboxProcess, free_port

SETTLE_SECONDS_MAX = 120.0  # for a loaded machine
GATEWAY_SECONDS = 30  # the same: no stand-in lets anybody wait but by a fault, which ends itself
GOOD_CARD = "4242 4242 4242 4242"
HOOKED = ("payments", "profiles", "lines", "identity")
QUEUED = """
    SELECT j.status::text, j.task_name, e.kind, j.attempts, j.scheduled_at
      FROM procrastinate_jobs j LEFT JOIN journal_event e ON e.id = (j.args ->> 'event_id')::bigint
     ORDER BY j.id
"""


def a_new_eid() -> str:
    """The number of a phone's chip that no test had before."""
    stem = f"89049032{uuid4().int % 10**22:022}"
    return stem + mod_97_10.calc_check_digits(stem)


@dataclass
class Phone:
    """One phone, played by the profiles' stand-in. Quantities are bytes, seconds or messages."""

    carrier: SandboxProcess
    eid: str = field(default_factory=a_new_eid)

    def download(self, code: str) -> str:
        """Fetch what an activation code leads to; the ICCID of it."""
        asked = {"activation_code": code, "eid": self.eid}
        return str(self._act("download", asked)["iccid"])

    def install(self, code: str) -> str:
        """Download and install; the ICCID."""
        iccid = self.download(code)
        self._act("install", {"iccid": iccid})
        return iccid

    def enable(self, iccid: str, *, country: str) -> dict[str, Any]:
        """Switch it on in that country, where it looks for a network."""
        return self._act("enable", {"iccid": iccid, "country": country})

    def use(self, iccid: str, quantity: int, *, country: str, kind: str = "data") -> None:
        self._act("use", {"iccid": iccid, "bytes": quantity, "country": country, "kind": kind})

    def delete(self, iccid: str) -> None:
        self._act("delete", {"iccid": iccid})

    def _act(self, act: str, asked: Mapping[str, object]) -> dict[str, Any]:
        return dict(self.carrier.ask("POST", f"/phone/{act}", json=asked))


@dataclass
class Stack:
    """The stand-ins and our own web server, which hears them at `url`."""

    url: str
    stand_ins: dict[str, SandboxProcess]
    smtp_port: int
    marks: dict[str, int] = field(default_factory=dict)

    def __getitem__(self, name: str) -> SandboxProcess:
        return self.stand_ins[name]

    @property
    def settings(self) -> dict[str, object]:
        """Where our own program finds the outside; also as its environment."""
        return {
            "FAIRROAM_ADDRESS": self.url,
            "FAIRROAM_GATEWAY_TIMEOUT_SECONDS": GATEWAY_SECONDS,
            "FAIRROAM_PAYMENTS_URL": self["payments"].url,
            "FAIRROAM_PAYMENTS_KEY": KEY,
            "FAIRROAM_PAYMENTS_HOOK_SECRET": HOOK_SECRET,
            "FAIRROAM_STRIPE_KEY": KEY,
            "FAIRROAM_STRIPE_URL": f"{self['payments'].url}/stripe",
            "FAIRROAM_STRIPE_HOOK_SECRETS": HOOK_SECRET,
            "FAIRROAM_PAYPAL_CLIENT": "shop",
            "FAIRROAM_PAYPAL_SECRET": KEY,
            "FAIRROAM_PAYPAL_WEBHOOK": WEBHOOK_ID,
            "FAIRROAM_PAYPAL_URL": f"{self['payments'].url}/paypal",
            "FAIRROAM_BANK_IBAN": "DE89370400440532013000",
            "FAIRROAM_PROFILES_URL": self["profiles"].url,
            "FAIRROAM_LINES_URL": self["lines"].url,
            "FAIRROAM_LINES_KEY": KEY,
            "FAIRROAM_USAGE_HOOK_SECRET": HOOK_SECRET,
            "FAIRROAM_IDENTITY_URL": self["identity"].url,
            "FAIRROAM_IDENTITY_KEY": KEY,
            "FAIRROAM_IDENTITY_HOOK_SECRET": HOOK_SECRET,
        }

    def settle(self, until: Callable[[], object], *, seconds: float = SETTLE_SECONDS_MAX) -> None:
        """Run the worker in this process, again and again, until `until()` holds."""
        self.wait(until, seconds=seconds, meanwhile=lambda: worker.run(wait=False))

    def wait(
        self,
        until: Callable[[], object],
        *,
        seconds: float = SETTLE_SECONDS_MAX,
        meanwhile: Callable[[], None] = lambda: None,
    ) -> None:
        """Wait until `until()` holds; fail with what is queued after so many seconds."""
        patience_ends = time.monotonic() + seconds
        while not until():
            if time.monotonic() > patience_ends:
                pytest.fail(f"not settled after {seconds:g} s; queued:\n{self.queued()}")
            meanwhile()
            time.sleep(0.02)

    def rest(self) -> None:
        """Run the worker until no job is queued and the stand-ins have told all they know."""
        self.settle(self.is_at_rest)

    def is_at_rest(self) -> bool:
        """Whether nothing more is told and nothing more to do; a notice queues its job first."""
        return self.is_silent() and not self.queued()

    def queued(self) -> str:
        """The jobs that wait, run or failed, a line each."""
        with connection.cursor() as cursor:
            cursor.execute(QUEUED)
            return "\n".join(" ".join(map(str, row)) for row in cursor.fetchall())

    def is_silent(self) -> bool:
        """Whether every event of the stand-ins has been delivered, but those held back."""
        events = [event for name in HOOKED for event in self[name].ask("GET", "/_events")["events"]]
        return not any(event["copies_left"] and not event["is_held"] for event in events)

    def pay(self, pay_url: str, *, card: str = GOOD_CARD) -> None:
        """Choose a test card on the provider's page, which sends the browser back to the shop."""
        answer = httpx.post(pay_url, data={"card": card}, trust_env=False, timeout=60)
        assert answer.status_code == 303, answer.text

    def phone(self) -> Phone:
        """A new phone."""
        return Phone(self["profiles"])

    def mails(self, to: str) -> list[dict[str, Any]]:
        """The mails that this address got, oldest first."""
        answer = self["mail"].ask("GET", "/messages", params={"to": to})
        return list(reversed(answer["messages"]))

    def effects(self, name: str, effect: str = "", **facts: object) -> list[dict[str, Any]]:
        """What really happened at a stand-in since the test began."""
        seen = self.marks.get(name, 0)
        return [one for one in self[name].effects(effect, **facts) if one["sequence"] > seen]

    def behave(self, **payment_settings: object) -> None:
        """No faults; refunds are accepted and arrive at once, unless the settings differ."""
        for process in self.stand_ins.values():
            process.disarm()
        self["payments"].ask("POST", "/_settings", json={"refund_seconds": 0} | payment_settings)
        for name in ("profiles", "lines", "identity"):
            self[name].ask("POST", "/_settings", json={})

    def hold(self, name: str) -> None:
        """Let a stand-in keep what it would tell us from now on to itself."""
        self[name].ask("POST", "/_settings", json={"hooks_held": True})

    def begin(self) -> None:
        """Make ready for a test: what happened before is not its own."""
        self.behave()
        self["mail"].ask("DELETE", "/messages")
        self.marks = {name: len(process.effects()) for name, process in self.stand_ins.items()}

    def end(self) -> None:
        """Let the stand-ins finish telling, as the tables are emptied after this."""
        self.behave()
        self.wait(self.is_silent)


@contextmanager
def running_stack(folder: Path) -> Iterator[Stack]:
    """Start the web server and the stand-ins; stop them at the end."""
    server = LiveServer("127.0.0.1")
    smtp_port = free_port()
    stand_ins: dict[str, SandboxProcess] = {}

    def start(name: str, **options: Any) -> None:
        stand_ins[name] = SandboxProcess.start(name, folder / name, **options)

    try:
        start("mail", arguments=["--smtp-port", str(smtp_port)])
        start("identity", hook=f"{server.url}/hooks/identity")
        hooks = f"{server.url}/hooks/payments"
        others = [*("--stripe-hook", f"{hooks}/stripe"), *("--paypal-hook", f"{hooks}/paypal")]
        start("payments", hook=f"{hooks}/sandbox", arguments=others)
        usage_secret = {"SANDBOX_USAGE_HOOK_SECRET": HOOK_SECRET}
        start("lines", hook=f"{server.url}/hooks/usage/sandbox", variables=usage_secret)
        where_lines_are = {"SANDBOX_LINES_URL": stand_ins["lines"].url}
        start("profiles", hook=server.url + PROFILES_HOOK, variables=where_lines_are)
        yield Stack(server.url, stand_ins, smtp_port)
    finally:
        for process in stand_ins.values():
            process.stop()
        server.stop()
