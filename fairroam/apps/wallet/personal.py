"""Which fields of the wallet are personal, and what closing an account does with them.

None: credit names customers by number alone. Tax law wants what was paid kept.
"""

from __future__ import annotations

KEPT = (
    "wallet_topup",
    "wallet_lot",
    "wallet_move",
    "wallet_spending",
    "wallet_balancerefund",
    "wallet_credittransfer",
    "wallet_transferpart",
)
