"""What tests turn: how fast, how late, how often, and which refusal comes next."""

from __future__ import annotations

import time
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from sandbox.controls import add_event_controls, read
from sandbox.serving import Answer, Problem, Request, Service, json_answer
from sandbox.store import Store
from sandbox.suppliers.letters import Letters
from sandbox.suppliers.limits import Limits
from sandbox.suppliers.market import Market, Refused, Row

ACTS = {
    "download": ("", "downloaded"),
    "install": ("", "installed"),
    "enable": ("", "enabled"),
    "disable": ("", "disabled"),
    "delete": ("", "deleted"),
    "expire": ("expired", ""),
    "suspend": ("suspended", ""),
}


class Settings(Struct, forbid_unknown_fields=True):
    """How the stand-in behaves from now on.

    allocation_seconds: until ordered eSIMs are there, null = by hand. usage_lag_seconds: how late
    /access/ counts. usage_cache_seconds: how long /airalo/ repeats a figure. has_limits: refuse
    who calls too often. hooks_held, hook_copies: see `Hooks`.
    """

    allocation_seconds: Annotated[float, Meta(ge=0)] | None = 1.0
    usage_lag_seconds: Annotated[float, Meta(ge=0)] = 3 * 3600
    usage_cache_seconds: Annotated[float, Meta(ge=0)] = 20 * 60
    has_limits: bool = True
    hooks_held: bool = False
    hook_copies: Annotated[int, Meta(ge=1, le=10)] = 1


class ArmedRefusal(Struct, forbid_unknown_fields=True):
    """The next `times` calls of `call` are refused with the supplier's `code`, without effect."""

    call: str
    code: str
    times: int = 1


class Act(Struct, forbid_unknown_fields=True):
    """Something happens to an eSIM, known by its ICCID: one of ACTS, `recycle` or `near_end`."""

    shape: Literal["access", "airalo"]
    iccid: str
    act: str


class Use(Struct, forbid_unknown_fields=True):
    """A phone used `bytes`, so many seconds ago."""

    shape: Literal["access", "airalo"]
    iccid: str
    bytes: Annotated[int, Meta(ge=0, le=10**15)]
    seconds_ago: Annotated[float, Meta(ge=0)] = 0.0


class Credit(Struct, forbid_unknown_fields=True):
    """The shop's credit, in ten-thousandths of a US dollar."""

    shape: Literal["access", "airalo"]
    amount: Annotated[int, Meta(ge=0)]


class Allocation(Struct, forbid_unknown_fields=True):
    """End all orders that wait, well or badly."""

    failing: bool = False


class Switches:
    """The settings, limits and armed refusals."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._limits = Limits()
        self.armed: list[ArmedRefusal] = []

    def settings(self) -> Settings:
        """Return how the stand-in behaves now; call it within an act."""
        usual = Settings()
        names = Settings.__struct_fields__
        return Settings(**{name: self._store.setting(name, getattr(usual, name)) for name in names})

    def take(self, name: str, *, calls_max: int, seconds: float) -> None:
        """Count one call. Raises TooMany. Not to be called within an act."""
        with self._store.act():
            has_limits = self.settings().has_limits
        if has_limits:
            self._limits.take(name, calls_max=calls_max, seconds=seconds)

    def armed_refusal(self, call: str) -> str:
        """Return the code by which this call must be refused, or ""."""
        for refusal in self.armed:
            if refusal.call == call and refusal.times > 0:
                refusal.times -= 1
                return refusal.code
        return ""


def add_switches(
    service: Service, store: Store, market: Market, switches: Switches, letters: Letters
) -> None:
    """Add the addresses for tests and the demo."""

    @service.route("POST", "/_settings", is_open=True)
    def change_settings(request: Request) -> Answer:
        wanted = msgspec.to_builtins(read(request, Settings))
        with store.act():
            for name, value in wanted.items():
                store.set(name, value)
        return json_answer(wanted)

    @service.route("POST", "/_refusals", is_open=True)
    def arm(request: Request) -> Answer:
        switches.armed.append(read(request, ArmedRefusal))
        return json_answer({"armed": len(switches.armed)}, 201)

    @service.route("POST", "/_balance", is_open=True)
    def set_balance(request: Request) -> Answer:
        wanted = read(request, Credit)
        with store.act():
            market.set_balance(wanted.shape, wanted.amount)
        return json_answer(msgspec.to_builtins(wanted))

    @service.route("POST", "/_allocations", is_open=True)
    def allocate(request: Request) -> Answer:
        wanted = read(request, Allocation)
        with store.act():
            market.end_pending(failing=wanted.failing)
        return json_answer({})

    _add_phone(service, store, market)
    add_event_controls(service, store, letters)


def _add_phone(service: Service, store: Store, market: Market) -> None:
    @service.route("POST", "/_acts", is_open=True)
    def act(request: Request) -> Answer:
        wanted = read(request, Act)
        with store.act():
            esim = _found(market, wanted)
            if wanted.act == "recycle":
                market.recycle(esim)
            elif wanted.act == "near_end":
                market.notices[wanted.shape].near_end(esim)
            elif wanted.act in ACTS:
                plan, profile = ACTS[wanted.act]
                market.move(esim, plan=plan, profile=profile)
            else:
                raise Problem(422, "unknown_act")
            return json_answer(_found(market, wanted))

    @service.route("POST", "/_use", is_open=True)
    def use(request: Request) -> Answer:
        wanted = read(request, Use)
        with store.act():
            try:
                at = time.time() - wanted.seconds_ago
                return json_answer(market.use(_found(market, wanted), wanted.bytes, at))
            except Refused as refused:
                raise Problem(409, refused.why) from refused


def _found(market: Market, wanted: Act | Use) -> Row:
    if esim := market.esim(wanted.shape, iccid=wanted.iccid):
        return esim
    raise Problem(404, "no_such_esim")
