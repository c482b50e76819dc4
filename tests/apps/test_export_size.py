"""An export of very many usage records: read through a cursor, written row by row."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from django.db import connection

from tests.given import a_paid_line

ROWS, ROWS_AT_NIGHT = 50_000, 1_000_000
MEGABYTES_MAX = 200
# A process of its own: what other tests took would count here, too.
CHILD = """
import sys
import django
django.setup()
from datetime import UTC, datetime
from pathlib import Path
from fairroam.apps.closures.personal import EVERYTHING
from fairroam.apps.customers import queries
from fairroam.apps.exports.operations import write_export
write_export(
    Path(sys.argv[1]), queries.customer(int(sys.argv[2])), EVERYTHING,
    now=datetime(2026, 11, 2, tzinfo=UTC), progress=lambda done, parts: None,
)
# The peak of this program alone: getrusage would count what the test had before it started us.
peak = Path('/proc/self/status').read_text().partition('VmHWM:')[2].split()[0]
sys.stdout.write(peak)
"""


@pytest.mark.promise(61)
def test_the_size_of_an_export_costs_no_memory(committed, cluster, tmp_path, night):
    rows = ROWS_AT_NIGHT if night else ROWS
    line = a_paid_line()
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO metering_usagerecord (source, record_id, content_sha256, order_line_id,
                 iccid, kind, quantity, country, operator, started_at, ended_at, received_at,
                 outcome)
               SELECT 'bulk', n::text, sha256(n::text::bytea), %s, '8900000000000000000', 'data',
                 1000, 'JP', 'NTT', now(), now(), now(), 'after_end'
               FROM generate_series(1, %s) n""",
            [line.pk, rows],
        )
    target = tmp_path / "export.zip"
    told = subprocess.run(
        [sys.executable, "-c", CHILD, str(target), str(line.order.customer_id)],
        env=os.environ | {"DATABASE_URL": cluster.url()},
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM metering_usagerecord WHERE source = 'bulk'")

    assert int(told) < MEGABYTES_MAX * 1024, f"{int(told) // 1024} MB for {rows} rows"
    assert target.stat().st_size > rows
