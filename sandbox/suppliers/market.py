"""What both suppliers sell: packages, orders, eSIMs, what was used, the credit of the shop."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from stdnum import luhn

from sandbox.hooks import EVENTS
from sandbox.serving import EffectLog
from sandbox.store import Store

SCHEMA = (
    EVENTS
    + """
CREATE TABLE IF NOT EXISTS packages (
    name TEXT PRIMARY KEY, price INTEGER NOT NULL, bytes INTEGER NOT NULL, days INTEGER NOT NULL,
    stock INTEGER NOT NULL, is_unlimited INTEGER NOT NULL, is_top_up INTEGER NOT NULL,
    takes_top_up INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS orders (
    id INTEGER PRIMARY KEY AUTOINCREMENT, shape TEXT NOT NULL, kind TEXT NOT NULL,
    reference TEXT NOT NULL, package TEXT NOT NULL REFERENCES packages, quantity INTEGER NOT NULL,
    price INTEGER NOT NULL, status TEXT NOT NULL, ready_at REAL, request_id TEXT NOT NULL,
    hook_url TEXT NOT NULL, created_at REAL NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS orders_by_reference ON orders (reference);
CREATE TABLE IF NOT EXISTS esims (
    id INTEGER PRIMARY KEY AUTOINCREMENT, shape TEXT NOT NULL, order_id INTEGER NOT NULL,
    iccid TEXT NOT NULL, package TEXT NOT NULL, price INTEGER NOT NULL, bytes INTEGER NOT NULL,
    plan TEXT NOT NULL, profile TEXT NOT NULL, told_percent INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS esims_by_iccid ON esims (iccid);
CREATE INDEX IF NOT EXISTS esims_by_order ON esims (order_id);
CREATE TABLE IF NOT EXISTS uses (esim_id INTEGER NOT NULL, bytes INTEGER NOT NULL, at REAL) STRICT;
CREATE INDEX IF NOT EXISTS uses_by_esim ON uses (esim_id);
CREATE TABLE IF NOT EXISTS free_iccids (iccid TEXT PRIMARY KEY) STRICT;
CREATE TABLE IF NOT EXISTS readings (
    esim_id INTEGER PRIMARY KEY, body TEXT NOT NULL, at REAL NOT NULL
) STRICT;
"""
)
GIGABYTE = 2**30
TOLD_PERCENTS = (50, 75, 80, 90)
ISSUER = "899990"  # 89 telecom, 999 a country code that nobody holds: no card of anybody.
BALANCE_FIRST = 10_000_000  # Prices and credit are whole ten-thousandths of a US dollar.
PACKAGES = (
    # name, price, bytes, days, stock, is_unlimited, is_top_up, takes_top_up
    ("world-1gb-7days", 15_000, GIGABYTE, 7, 10**6, False, False, True),
    ("world-10gb-30days", 90_000, 10 * GIGABYTE, 30, 10**6, False, False, True),
    ("world-unlimited-7days", 120_000, 0, 7, 10**6, True, False, True),
    ("world-1gb-7days-closed", 14_000, GIGABYTE, 7, 10**6, False, False, False),
    ("world-last-one", 15_000, GIGABYTE, 7, 1, False, False, True),
    ("topup-1gb-7days", 13_000, GIGABYTE, 7, 10**6, False, True, False),
)

Shape = Literal["access", "airalo"]
Row = dict[str, Any]


class Refused(Exception):
    """The supplier does not do this; `why` is one of its own reasons, in our word."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Notices(Protocol):
    """How one supplier words what happened; every method is called within an act."""

    def order_ended(self, order: Row) -> None:
        """The order is completed or failed."""

    def profile_changed(self, esim: Row) -> None:
        """A phone did something with the profile."""

    def plan_changed(self, esim: Row) -> None:
        """The plan is used, used up, over, cancelled."""

    def used(self, esim: Row, percent: int) -> None:
        """So much of the plan is gone."""

    def near_end(self, esim: Row) -> None:
        """One day is left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Purchase:
    """What a shop wants. reference: its own words for it. unit_price: None = whatever it costs.

    wait_seconds: until eSIMs are allocated; 0 = at once, None = by hand.
    """

    shape: Shape
    reference: str
    package: str
    quantity: int
    unit_price: int | None = None
    wait_seconds: float | None = 0.0
    request_id: str = ""
    hook_url: str = ""


class Market:
    """Every method is called within an act of the store."""

    def __init__(self, store: Store, effects: EffectLog) -> None:
        self._store = store
        self._effects = effects
        self.notices: Mapping[str, Notices] = {}
        with store.act() as database:
            database.executemany(
                "INSERT OR IGNORE INTO packages VALUES (?, ?, ?, ?, ?, ?, ?, ?)", PACKAGES
            )

    def package(self, name: str, *, is_top_up: bool) -> Row:
        """Return one package. Raises Refused (`no_package`)."""
        query = "SELECT * FROM packages WHERE name = ? AND is_top_up = ?"
        for row in self._store.rows(query, name, is_top_up):
            return row
        raise Refused("no_package")

    def balance(self, shape: Shape) -> int:
        """Return the shop's credit."""
        credit: int = self._store.setting(f"balance_{shape}", BALANCE_FIRST)
        return credit

    def set_balance(self, shape: Shape, amount: int) -> None:
        """Set the shop's credit."""
        self._store.set(f"balance_{shape}", amount)

    def buy(self, asked: Purchase) -> Row:
        """Take an order. Raises Refused (`no_package`, `price`, `no_stock`, `no_credit`)."""
        package = self.package(asked.package, is_top_up=False)
        if asked.unit_price not in (None, package["price"]):
            raise Refused("price")
        if package["stock"] < asked.quantity:
            raise Refused("no_stock")
        price = package["price"] * asked.quantity
        self._pay(asked.shape, price)
        self._store.database.execute(
            "UPDATE packages SET stock = stock - ? WHERE name = ?", (asked.quantity, asked.package)
        )
        order = self._keep_order(asked, kind="sim", price=price)
        if asked.wait_seconds == 0:
            self._allocate(order)
        return self.order(order["id"])

    def top_up(self, asked: Purchase, esim: Row) -> Row:
        """Sell more data. Raises Refused (`state`, `recycled`, `no_top_up`, and as `buy` does)."""
        package = self.package(asked.package, is_top_up=True)
        if esim["plan"] == "recycled":
            raise Refused("recycled")
        if not self.package(esim["package"], is_top_up=False)["takes_top_up"]:
            raise Refused("no_top_up")
        if esim["plan"] not in ("unused", "in_use", "used_up"):
            raise Refused("state")
        self._pay(asked.shape, package["price"])
        plan = "in_use" if esim["plan"] == "used_up" else esim["plan"]
        self._change(esim["id"], bytes=esim["bytes"] + package["bytes"], plan=plan, told_percent=0)
        order = self._keep_order(asked, kind="topup", price=package["price"])
        self._end_order(order["id"], "completed")
        return self.order(order["id"])

    def order(self, order_id: int) -> Row:
        """Return one order. Raises Refused (`no_order`)."""
        for row in self._store.rows("SELECT * FROM orders WHERE id = ?", order_id):
            return row
        raise Refused("no_order")

    def orders(self, shape: Shape, reference_part: str) -> list[Row]:
        """Return the orders whose reference has these words in it, latest first."""
        return self._store.rows(
            "SELECT * FROM orders WHERE shape = ? AND status <> 'pending'"
            " AND instr(reference, ?) > 0 ORDER BY id DESC",
            shape,
            reference_part,
        )

    def order_of(self, shape: Shape, reference: str, kind: str) -> Row | None:
        """Return the order that came with exactly this reference."""
        rows = self._store.rows(
            "SELECT * FROM orders WHERE shape = ? AND reference = ? AND kind = ?",
            shape,
            reference,
            kind,
        )
        return rows[0] if rows else None

    def esims(self, order_id: int) -> list[Row]:
        """Return what was allocated to one order."""
        return self._store.rows("SELECT * FROM esims WHERE order_id = ? ORDER BY id", order_id)

    def esim(self, shape: Shape, *, id: int = 0, iccid: str = "") -> Row | None:
        """Return an eSIM by its number, or the latest one that has this ICCID."""
        rows = self._store.rows(
            "SELECT * FROM esims WHERE shape = ? AND (id = ? OR iccid = ?) ORDER BY id DESC",
            shape,
            id,
            iccid,
        )
        return rows[0] if rows else None

    def cancel(self, esim: Row) -> None:
        """Take back what no phone has, for its full price. Raises Refused (`state`)."""
        if (esim["plan"], esim["profile"]) != ("unused", "released"):
            raise Refused("state")
        credit = self.balance(esim["shape"])
        self.set_balance(esim["shape"], credit + esim["price"])
        self._effects.append("cancel", esim=esim["id"], amount=esim["price"])
        self.move(esim, plan="cancelled")

    def revoke(self, esim: Row) -> None:
        """End an eSIM without money back. Raises Refused (`state`)."""
        if esim["plan"] in ("cancelled", "revoked", "recycled"):
            raise Refused("state")
        self._effects.append("revoke", esim=esim["id"])
        self.move(esim, plan="revoked")

    def suspend(self, esim: Row) -> None:
        """Stop service for a while. Raises Refused (`state`)."""
        if esim["plan"] not in ("unused", "in_use", "used_up"):
            raise Refused("state")
        self._effects.append("suspend", esim=esim["id"])
        self.move(esim, plan="suspended")

    def resume(self, esim: Row) -> None:
        """Give service again: to a plan that was begun, or not. Raises Refused (`state`)."""
        if esim["plan"] != "suspended":
            raise Refused("state")
        self._effects.append("resume", esim=esim["id"])
        used = self.used(esim, until=time.time())
        is_used_up = esim["bytes"] and used >= esim["bytes"]
        self.move(esim, plan="used_up" if is_used_up else "in_use" if used else "unused")

    def move(self, esim: Row, *, plan: str = "", profile: str = "") -> None:
        """Change where an eSIM stands and tell it."""
        changed = {"plan": plan or esim["plan"], "profile": profile or esim["profile"]}
        self._change(esim["id"], **changed)
        notices = self.notices[esim["shape"]]
        if profile:
            notices.profile_changed(esim | changed)
        if plan:
            notices.plan_changed(esim | changed)

    def recycle(self, esim: Row) -> None:
        """Forget an eSIM and give its ICCID to the next buyer."""
        self._change(esim["id"], plan="recycled")
        self._store.database.execute("INSERT INTO free_iccids VALUES (?)", (esim["iccid"],))

    def use(self, esim: Row, bytes: int, at: float) -> Row:
        """Count what a phone used. Raises Refused (`state`) when the plan gives no data."""
        if esim["plan"] not in ("unused", "in_use"):
            raise Refused("state")
        self._store.database.execute("INSERT INTO uses VALUES (?, ?, ?)", (esim["id"], bytes, at))
        self._effects.append("use", esim=esim["id"], bytes=bytes)
        if esim["plan"] == "unused":
            self.move(esim, plan="in_use", profile="enabled")
        used = self.used(esim, until=time.time())
        percent = used * 100 // esim["bytes"] if esim["bytes"] else 0
        for threshold in TOLD_PERCENTS:
            if esim["told_percent"] < threshold <= percent:
                self._change(esim["id"], told_percent=threshold)
                self.notices[esim["shape"]].used(esim, threshold)
        if percent >= 100:
            self.move(self._again(esim), plan="used_up")
        return self._again(esim)

    def used(self, esim: Row, *, until: float) -> int:
        """Return the bytes used up to an instant."""
        query = "SELECT total(bytes) AS bytes FROM uses WHERE esim_id = ? AND at <= ?"
        return int(self._store.rows(query, esim["id"], until)[0]["bytes"])

    def allocate_due(self, now: float) -> None:
        """Allocate what every order whose time has come was waiting for."""
        query = "SELECT * FROM orders WHERE status = 'pending' AND ready_at <= ?"
        for order in self._store.rows(query, now):
            self._allocate(order)

    def end_pending(self, *, failing: bool) -> None:
        """End every order that still waits: allocate it, or let it fail and give the price back."""
        for order in self._store.rows("SELECT * FROM orders WHERE status = 'pending'"):
            if not failing:
                self._allocate(order)
                continue
            self.set_balance(order["shape"], self.balance(order["shape"]) + order["price"])
            self._effects.append("order_failed", reference=order["reference"])
            self._end_order(order["id"], "failed")

    def _pay(self, shape: Shape, price: int) -> None:
        credit = self.balance(shape)
        if credit < price:
            raise Refused("no_credit")
        self.set_balance(shape, credit - price)

    def _keep_order(self, asked: Purchase, *, kind: str, price: int) -> Row:
        now = time.time()
        ready_at = None if asked.wait_seconds is None else now + asked.wait_seconds
        cursor = self._store.database.execute(
            "INSERT INTO orders (shape, kind, reference, package, quantity, price, status,"
            " ready_at, request_id, hook_url, created_at)"
            " VALUES (?, ?, ?, ?, ?, ?, 'pending', ?, ?, ?, ?)",
            (
                asked.shape,
                kind,
                asked.reference,
                asked.package,
                asked.quantity,
                price,
                ready_at,
                asked.request_id,
                asked.hook_url,
                now,
            ),
        )
        assert cursor.lastrowid is not None
        self._effects.append(
            "order" if kind == "sim" else "top_up",
            shape=asked.shape,
            reference=asked.reference,
            package=asked.package,
            quantity=asked.quantity,
            amount=price,
        )
        return self.order(cursor.lastrowid)

    def _allocate(self, order: Row) -> None:
        package = self.package(order["package"], is_top_up=False)
        for _ in range(order["quantity"]):
            self._store.database.execute(
                "INSERT INTO esims (shape, order_id, iccid, package, price, bytes, plan, profile,"
                " told_percent) VALUES (?, ?, ?, ?, ?, ?, 'unused', 'released', 0)",
                (
                    order["shape"],
                    order["id"],
                    self._iccid(),
                    package["name"],
                    package["price"],
                    package["bytes"],
                ),
            )
        self._end_order(order["id"], "completed")

    def _end_order(self, order_id: int, status: str) -> None:
        self._store.database.execute(
            "UPDATE orders SET status = ? WHERE id = ?", (status, order_id)
        )
        self.notices[self.order(order_id)["shape"]].order_ended(self.order(order_id))

    def _iccid(self) -> str:
        """Return a recycled ICCID if there is one; every other new one has a wrong check digit."""
        for row in self._store.rows("SELECT iccid FROM free_iccids LIMIT 1"):
            self._store.database.execute("DELETE FROM free_iccids WHERE iccid = ?", (row["iccid"],))
            return str(row["iccid"])
        serial = int(self._store.rows("SELECT ifnull(max(id), 0) AS last FROM esims")[0]["last"])
        stem = f"{ISSUER}{serial:012d}"
        check_digit = int(luhn.calc_check_digit(stem))
        return f"{stem}{(check_digit + serial % 2) % 10}"

    def _change(self, esim_id: int, **columns: object) -> None:
        names = ", ".join(f"{name} = ?" for name in columns)
        self._store.database.execute(
            f"UPDATE esims SET {names} WHERE id = ?",  # noqa: S608 - our own names
            (*columns.values(), esim_id),
        )

    def _again(self, esim: Row) -> Row:
        return self._store.rows("SELECT * FROM esims WHERE id = ?", esim["id"])[0]
