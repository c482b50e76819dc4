"""Named points between a claim, a call and its record, where a test may let a process die.

They are off unless FAIRROAM_FAULT_POINTS names them, which production refuses at its start.
"""

from __future__ import annotations

import os
import signal

# In the order in which an eSIM that is bought, given back and paid back comes past them.
POINTS = (
    "payment.started",  # the provider knows the charge, we have not stored its answer
    "profile.reserved",
    "profile.ordered",  # the carrier has set the profile aside, we have not stored that
    "profile.order_recorded",
    "profile.confirmed",
    "profile.release_recorded",
    "notice.delivered",
    "line.taking_off",
    "line.cancelled",  # the carrier has scrapped the profile, we have not stored that
    "line.ended",  # the network serves the line no more, we have not stored that
    "payout.claimed",
    "payout.sent",  # the provider has the money's order, we have not stored its answer
    "payout.recorded",
)
# In the order in which a file of usage comes past them, chunk by chunk.
IMPORT_POINTS = (
    "import.read",  # nothing of the chunk is counted
    "import.last_chunk",  # all but the last chunk is counted
    "import.counted",  # counted and not committed
    "import.committed",
)
# In the order in which an eSIM of a supplier that is bought, topped up and given back passes them.
SUPPLIER_POINTS = (
    "supplier.claimed",  # the key is stored, nobody was called
    "supplier.answered",  # the supplier has sold it, or says how far it is; we have not stored that
    "supplier.recorded",
    "supplier.pack_claimed",
    "supplier.pack_sold",  # the pack is on the eSIM, we have not stored that
    "supplier.pack_recorded",
    "supplier.ending",
    "supplier.cancelled",  # the price is back on our credit, we have not stored that
)
# In the order in which the last mail of a closing passes them.
CLOSING_POINTS = (
    "closing.mail_claimed",
    "closing.mail_sent",  # the mail server has it, we have not stored that
)


def reached(name: str) -> None:
    """Go on; or die here at once, as by `kill -9`, when the environment names this point."""
    assert name in POINTS + IMPORT_POINTS + SUPPLIER_POINTS + CLOSING_POINTS
    if name in os.environ.get("FAIRROAM_FAULT_POINTS", "").split(","):
        os.kill(os.getpid(), signal.SIGKILL)
