"""Failures of networks: where and when. About nobody."""

from __future__ import annotations

from fairroam.apps.journal.personal import SHOP, Table

TABLES = (
    Table(
        name="incidents_incident",
        ours={
            SHOP: "id countries operators began_at ended_at source words stage version declared_at"
            " changed_at"
        },
    ),
)
