"""Start the payment stand-in: `python -m sandbox.payments --port 8421 --folder FOLDER`.

It speaks its own tongue under `/v1`, Stripe's under `/stripe` and PayPal's under `/paypal`, on the
same books and with one effect log. Environment: SANDBOX_PAYMENTS_KEY is the key that
clients need in each tongue, SANDBOX_PAYMENTS_HOOK_SECRET signs the events.
"""

from __future__ import annotations

from functools import partial

from sandbox.hooks import Hooks, OtherDoor
from sandbox.payments import paypal, stripe
from sandbox.payments.bank import SCHEMA, Bank
from sandbox.payments.routes import add_api, add_controls, add_pay_page
from sandbox.serving import Service, argument_parser, secret
from sandbox.store import Store


def main() -> None:
    """Serve until SIGTERM."""
    parser = argument_parser("Payment provider with test money only")
    parser.add_argument("--public-url", default="", help="how browsers reach the pay page")
    parser.add_argument("--stripe-hook", default="", help="POST Stripe's events to this URL")
    parser.add_argument("--paypal-hook", default="", help="POST PayPal's events to this URL")
    options = parser.parse_args()
    key = secret("SANDBOX_PAYMENTS_KEY")
    service = Service("payments", options.port, options.folder, bearer_key=key)
    store = Store(options.folder / "payments.sqlite3", SCHEMA)
    hook_secret = secret("SANDBOX_PAYMENTS_HOOK_SECRET")
    hooks = Hooks(store, url=options.hook, secret=hook_secret.encode())
    hooks.open_door(stripe.TONGUE, OtherDoor(options.stripe_hook, stripe.signed(hook_secret)))
    sign = partial(paypal.signed, hook_secret)
    hooks.open_door(paypal.TONGUE, OtherDoor(options.paypal_hook, sign))
    pages_url = options.public_url.rstrip("/") or f"http://127.0.0.1:{options.port}"
    bank = Bank(store, hooks, service.effects, pages_url)
    add_api(service, store, bank)
    stripe.add_stripe(service, store, bank)
    paypal.add_paypal(service, store, bank, key=key, hook_secret=hook_secret)
    add_pay_page(service, store, bank)
    add_controls(service, store, bank, hooks)
    hooks.also(bank.settle_due)
    hooks.start()
    service.at_stop.append(hooks.stop)
    service.run()


if __name__ == "__main__":
    main()
