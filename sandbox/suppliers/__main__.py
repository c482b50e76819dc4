"""Start both suppliers: `python -m sandbox.suppliers --port 8425 --folder FOLDER`.

`--hook` hears the webhooks of /access/, unless its shop registers another address; /airalo/ has
addresses registered only. Environment: SANDBOX_SUPPLIERS_KEY is the access code of the one and the
client id of the other, SANDBOX_SUPPLIERS_HOOK_SECRET the client secret, which signs.
"""

from __future__ import annotations

from sandbox.serving import Service, argument_parser, secret
from sandbox.store import Store
from sandbox.suppliers.access import AccessDesk, AccessDoor, AccessNotices, add_access
from sandbox.suppliers.airalo import (
    AiraloDesk,
    AiraloDoor,
    AiraloNotices,
    add_airalo,
    add_token_switch,
)
from sandbox.suppliers.letters import Letters
from sandbox.suppliers.market import SCHEMA, Market
from sandbox.suppliers.switches import Switches, add_switches


def main() -> None:
    """Serve until SIGTERM."""
    options = argument_parser("Two suppliers of eSIMs that do not exist").parse_args()
    key, client_secret = secret("SANDBOX_SUPPLIERS_KEY"), secret("SANDBOX_SUPPLIERS_HOOK_SECRET")
    service = Service("suppliers", options.port, options.folder)
    store = Store(options.folder / "suppliers.sqlite3", SCHEMA)
    letters = Letters(store, airalo_secret=client_secret)
    market = Market(store, service.effects)
    switches = Switches(store)
    access_notices = AccessNotices(store, letters, market)
    market.notices = {
        "access": access_notices,
        "airalo": AiraloNotices(store, letters, market),
    }
    if options.hook:
        with store.act():
            store.set("access_hook", options.hook)
    door = AccessDoor(service, store, market, switches, key=key)
    add_access(door, AccessDesk(store, market, switches, access_notices))
    airalo_door = AiraloDoor(service, store, switches, client_id=key, secret=client_secret)
    add_airalo(airalo_door, AiraloDesk(service, store, market, switches))
    add_token_switch(service, store, airalo_door)
    add_switches(service, store, market, switches, letters)
    letters.also(market.allocate_due)
    letters.start()
    service.at_stop.append(letters.stop)
    service.run()


if __name__ == "__main__":
    main()
