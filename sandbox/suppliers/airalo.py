"""The supplier of `/airalo/v2/...`: the shape of Airalo's partner interface v2.

Nothing is recognised by a key of the shop's; what it wrote as `description` can be searched for.
"""

from __future__ import annotations

import hmac
import json
import re
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from email import message_from_bytes
from typing import Any
from urllib.parse import parse_qsl

import httpx

from sandbox.serving import Answer, Request, Service, json_answer
from sandbox.store import Store
from sandbox.suppliers.airalo_words import (
    CLAIM_REASONS,
    NOTIFICATIONS,
    PLANS,
    Invalid,
    Said,
    answer_of,
    order_words,
    said,
    sim_words,
    written,
)
from sandbox.suppliers.letters import Letters, signature
from sandbox.suppliers.limits import TooMany
from sandbox.suppliers.market import Market, Purchase, Refused, Row
from sandbox.suppliers.switches import Switches

ROOT = "/airalo/v2"
TOKEN_SECONDS = 24 * 3600
MEGABYTE = 2**20
QUANTITY_MAX = 50
ICCIDS_MAX = 5
NOTES_LENGTH_MAX = 255
HEAD_SECONDS_MAX = 5.0
ARRAY = re.compile(r"(\w+)\[\d*\]")


@dataclass(frozen=True, slots=True)
class Asked:
    """One call that may be answered: `body` is what it says, however it was written."""

    request: Request
    body: Row

    def text(self, name: str) -> str:
        """Return a field that must be there. Raises Invalid."""
        value = self.body.get(name)
        if not isinstance(value, str | int) or value == "":
            raise Invalid({name: f"The {name} field is required."})
        return str(value)


class AiraloNotices:
    """Words webhooks as this supplier does: signed, without an id."""

    def __init__(self, store: Store, letters: Letters, market: Market) -> None:
        self._store = store
        self._letters = letters
        self._market = market

    def order_ended(self, order: Row) -> None:
        """See `Notices`: only asynchronous orders are told."""
        if not order["request_id"]:
            return
        told: Row = {"request_id": order["request_id"], "description": order["reference"]}
        if order["status"] == "completed":
            told |= order_words(order, self._market.esims(order["id"]))
        else:
            told |= {"reason": "Insufficient stock of eSIMs remaining"}
        url = order["hook_url"] or self._url("async_orders")
        self._letters.post("async_orders", told, url=url, is_signed=True)

    def profile_changed(self, esim: Row) -> None:
        """See `Notices`: this supplier never says."""

    def plan_changed(self, esim: Row) -> None:
        """See `Notices`: this supplier never says."""

    def used(self, esim: Row, percent: int) -> None:
        """See `Notices`."""
        if percent in (75, 90):
            self._low(esim, f"{percent}%", 100 - percent)

    def near_end(self, esim: Row) -> None:
        """See `Notices`."""
        self._low(esim, "1days", 43)

    def _low(self, esim: Row, level: str, percent_left: int) -> None:
        told = {
            "level": level,
            "package_name": esim["package"],
            "remaining_percentage": percent_left,
            "iccid": esim["iccid"],
        }
        url = self._url("webhook_low_data")
        self._letters.post("low_data", told, url=url, is_signed=True)

    def _url(self, kind: str) -> str:
        url: str = self._store.setting(f"airalo_hook_{kind}", "")
        return url


class AiraloDoor:
    """Answers one call after another: token, limits, signature, then the work."""

    def __init__(
        self, service: Service, store: Store, switches: Switches, *, client_id: str, secret: str
    ) -> None:
        self._service = service
        self._store = store
        self._switches = switches
        self._client_id = client_id
        self._secret = secret

    def serve(
        self, method: str, path: str, call: str, work: Callable[[Asked], Said], *, status: int = 200
    ) -> None:
        """Let `work` answer `path` within an act; `call` is the name by which faults are armed."""

        @self._service.route(method, ROOT + path, call=call)
        def answer(request: Request) -> Answer:
            try:
                with self._store.act():
                    if not self._has_token(request):
                        return json_answer({"data": [], "meta": {"message": "no token"}}, 401)
                self._limit(call, request)
                if code := self._switches.armed_refusal(call):
                    return answer_of(int(code))
                asked = Asked(request, self._signed_body(request))
                with self._store.act():
                    return json_answer(said(work(asked)), status)
            except (TooMany, Invalid, Refused) as error:
                return answer_of(error)

    def serve_token(self) -> None:
        """Give a token for a day to who knows the secret."""

        @self._service.route("POST", f"{ROOT}/token", call="airalo_token")
        def token(request: Request) -> Answer:
            try:
                self._switches.take("airalo token", calls_max=3, seconds=60)
                given = self._signed_body(request)
            except (TooMany, Invalid, Refused) as error:
                return answer_of(error)
            known = (self._client_id, self._secret, "client_credentials")
            if tuple(given.get(name) for name in CREDENTIALS) != known:
                return answer_of(Invalid({"client_id": "Client authentication failed."}))
            # An underscore, so that nobody takes it for base64.
            fresh = f"sandbox_{secrets.token_hex(24)}"
            with self._store.act():
                self._store.set(f"token {fresh}", time.time() + TOKEN_SECONDS)
            self._service.effects.append("token")
            granted = {"token_type": "Bearer", "expires_in": TOKEN_SECONDS, "access_token": fresh}
            return json_answer(said(granted))

    def forget_tokens(self) -> None:
        """Let no token be good any more; call it within an act."""
        self._store.database.execute("DELETE FROM settings WHERE name LIKE 'token %'")

    def _has_token(self, request: Request) -> bool:
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        good_until: float = self._store.setting(f"token {given}", 0)
        return time.time() < good_until

    def _limit(self, call: str, request: Request) -> None:
        if call == "airalo_refund":
            self._switches.take("airalo refund", calls_max=5, seconds=60)
        if call == "airalo_usage":
            iccid = request.parts["iccid"]
            self._switches.take("airalo usage", calls_max=5, seconds=1)
            self._switches.take(f"airalo usage {iccid}", calls_max=10, seconds=60)

    def _signed_body(self, request: Request) -> Row:
        """Return what the body says; who signs must sign rightly, whatever its bytes are."""
        body = _body(request)
        claimed = request.headers.get("airalo-signature")
        if claimed is not None and not hmac.compare_digest(
            signature(self._secret, body).encode(), claimed.encode()
        ):
            raise Refused("checksum")
        return body


class AiraloDesk:
    """What the calls do; each within an act of the store."""

    def __init__(self, service: Service, store: Store, market: Market, switches: Switches) -> None:
        self._effects = service.effects
        self._store = store
        self._market = market
        self._switches = switches

    def order(self, asked: Asked) -> Said:
        """Sell and hand over at once."""
        bought = self._market.buy(self._purchase(asked))
        return order_words(bought, self._market.esims(bought["id"]))

    def order_async(self, asked: Asked) -> Said:
        """Promise; what comes of it is told to the webhook."""
        request_id = secrets.token_urlsafe(24)[:25]
        bought = self._market.buy(
            self._purchase(
                asked,
                wait_seconds=self._switches.settings().allocation_seconds,
                request_id=request_id,
                hook_url=str(asked.body.get("webhook_url") or ""),
            )
        )
        return {"request_id": request_id, "accepted_at": written(bought["created_at"])}

    def orders(self, asked: Asked) -> Said:
        """Latest first; the description is searched for parts of words."""
        query = asked.request.query
        found = self._market.orders("airalo", query.get("filter[description]", ""))
        return [
            order_words(order, self._market.esims(order["id"]))
            for order in found[: int(query.get("limit", "25"))]
        ]

    def top_up(self, asked: Asked) -> Said:
        """Sell more data."""
        esim = self._esim(asked.text("iccid"))
        bought = self._market.top_up(self._purchase(asked, quantity=1), esim)
        return order_words(bought, [])

    def sim(self, asked: Asked) -> Said:
        """One eSIM: whoever bought this ICCID last."""
        return sim_words(self._esim(asked.request.parts["iccid"]))

    def usage(self, asked: Asked) -> Said:
        """Whole megabytes, the same figure for a while."""
        esim = self._esim(asked.request.parts["iccid"])
        fresh_after = time.time() - self._switches.settings().usage_cache_seconds
        query = "SELECT body FROM readings WHERE esim_id = ? AND at > ?"
        for kept in self._store.rows(query, esim["id"], fresh_after):
            cached: Row = json.loads(kept["body"])
            return cached
        reading = self._reading(esim)
        self._store.database.execute(
            "REPLACE INTO readings VALUES (?, ?, ?)", (esim["id"], json.dumps(reading), time.time())
        )
        return reading

    def claim(self, asked: Asked) -> Said:
        """Receive a request for money back; people decide, and nobody is told."""
        iccids, reason = asked.body.get("iccids"), asked.text("reason")
        if not isinstance(iccids, list) or not 1 <= len(iccids) <= ICCIDS_MAX:
            raise Invalid({"iccids": "One to five."})
        notes = str(asked.body.get("notes") or "")
        if reason not in CLAIM_REASONS:
            raise Invalid({"reason": "The selected reason is invalid."})
        if len(notes) > NOTES_LENGTH_MAX or (reason == "OTHERS" and not notes):
            raise Invalid({"notes": "Needed for OTHERS, at most 255 characters."})
        for iccid in iccids:
            self._esim(str(iccid))
        number = self._store.setting("airalo_claims", 12344) + 1
        self._store.set("airalo_claims", number)
        self._effects.append("claim", claim=number, iccids=iccids, reason=reason, notes=notes)
        return {"refund_id": str(number), "created_at": written(time.time())[:16]}

    def balance(self, asked: Asked) -> Said:
        """Our credit, in dollars."""
        amount = self._market.balance("airalo") / 10_000
        available = {"amount": amount, "currency": "USD"}
        return {"balances": {"name": "balance", "availableBalance": available}}

    def opt_in(self, asked: Asked) -> Said:
        """Register an address, if HEAD there is answered with 200."""
        kind, url = asked.text("type"), asked.text("webhook_url")
        if kind not in NOTIFICATIONS:
            raise Invalid({"type": "The selected type is invalid."})
        try:
            status = httpx.head(url, timeout=HEAD_SECONDS_MAX, trust_env=False).status_code
        except httpx.HTTPError:
            status = 0
        if status != 200:
            raise Invalid({"webhook_url": f"HEAD was answered with {status}."})
        self._store.set(f"airalo_hook_{kind}", url)
        return {"notification": {"type": kind, "contact_point": url}}

    def _purchase(self, asked: Asked, *, quantity: int | None = None, **more: Any) -> Purchase:
        try:
            wanted = quantity or int(asked.text("quantity"))
        except ValueError:
            wanted = 0
        if not 1 <= wanted <= QUANTITY_MAX:
            raise Invalid({"quantity": "One to fifty."})
        return Purchase(
            shape="airalo",
            reference=str(asked.body.get("description") or ""),
            package=asked.text("package_id"),
            quantity=wanted,
            **more,
        )

    def _esim(self, iccid: str) -> Row:
        if esim := self._market.esim("airalo", iccid=iccid):
            return esim
        raise Refused("no_esim")

    def _reading(self, esim: Row) -> Row:
        is_gone = esim["plan"] == "recycled"
        package = self._market.package(esim["package"], is_top_up=False)
        total = 0 if is_gone else esim["bytes"] // MEGABYTE
        used = self._market.used(esim, until=time.time()) // MEGABYTE
        unsaid = dict.fromkeys(
            ("remaining_voice", "remaining_text", "total_voice", "total_text"), 0
        )
        return {
            "remaining": max(total - used, 0),
            "total": total,
            "expired_at": None,
            "is_unlimited": None if is_gone else bool(package["is_unlimited"]),
            "status": PLANS[esim["plan"]],
            **unsaid,
        }


CREDENTIALS = ("client_id", "client_secret", "grant_type")


def add_airalo(door: AiraloDoor, desk: AiraloDesk) -> None:
    """Add every address of this supplier."""
    door.serve_token()
    door.serve("POST", "/orders", "airalo_order", desk.order)
    door.serve("POST", "/orders-async", "airalo_order_async", desk.order_async, status=202)
    door.serve("GET", "/orders", "airalo_orders", desk.orders)
    door.serve("POST", "/orders/topups", "airalo_top_up", desk.top_up)
    door.serve("GET", "/sims/{iccid}", "airalo_sim", desk.sim)
    door.serve("GET", "/sims/{iccid}/usage", "airalo_usage", desk.usage)
    door.serve("POST", "/refund", "airalo_refund", desk.claim, status=202)
    door.serve("GET", "/balance", "airalo_balance", desk.balance)
    door.serve("POST", "/notifications/opt-in", "airalo_opt_in", desk.opt_in)


def add_token_switch(service: Service, store: Store, door: AiraloDoor) -> None:
    """Add the switch that ends a day: no token is good any more."""

    @service.route("POST", "/_tokens_end", is_open=True)
    def end_tokens(request: Request) -> Answer:
        with store.act():
            door.forget_tokens()
        return json_answer({})


def _body(request: Request) -> Row:
    """Return the fields of a JSON, form or multipart body, in the order they were written."""
    kind = request.headers.get("Content-Type", "")
    if not request.body:
        return {}
    if kind.startswith("multipart/form-data"):
        return _fields(_parts(kind, request.body))
    if kind.startswith("application/x-www-form-urlencoded"):
        return _fields(parse_qsl(request.body.decode(errors="replace"), keep_blank_values=True))
    try:
        parsed = json.loads(request.body)
    except (ValueError, RecursionError) as error:
        raise Invalid({"body": "No JSON."}) from error
    if not isinstance(parsed, dict):
        raise Invalid({"body": "Not a JSON object."})
    return parsed


def _parts(kind: str, body: bytes) -> list[tuple[str, str]]:
    message = message_from_bytes(f"Content-Type: {kind}\r\n\r\n".encode() + body)
    pairs = []
    for part in message.walk():
        name = part.get_param("name", header="Content-Disposition")
        content = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(content, bytes):
            pairs.append((name, content.decode(errors="replace")))
    return pairs


def _fields(pairs: list[tuple[str, str]]) -> Row:
    """Gather `iccids[]` or `iccids[0]` into one list, as forms write lists."""
    fields: Row = {}
    for name, value in pairs:
        if match := ARRAY.fullmatch(name):
            fields.setdefault(match[1], []).append(value)
        else:
            fields[name] = value
    return fields
