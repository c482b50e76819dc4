"""An import of a usage file dies as by `kill -9` at every step: each byte is counted once.

The import is a process of its own. The next one goes on where the last one's commits end.
"""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

from fairroam.apps.metering import queries
from fairroam.apps.metering.models import BadRow, UsageImport, UsageRecord
from fairroam.project.database import Cluster
from tests.apps.lines_given import a_ready_line
from tests.conftest import ROOT

HEADER = "record_id,iccid,kind,quantity,started_at,ended_at,country,operator"
ROWS = 40
BYTES_EACH = 1_000
CHUNK_BYTES = 1_000  # some ten rows: four chunks or five
SOURCE = "demo"
# (where it dies, the part of the file that is committed by then).
# Commits of the chunks before a death stay; what was not committed is as if it had not been.
DEATHS = (
    ("import.read", "none"),
    ("import.counted", "none"),
    ("import.committed", "a chunk"),
    ("import.last_chunk", "all but one"),
)


def a_file(folder: Path, iccid: str) -> Path:
    """Forty records, one of them twice, and a line that is none."""
    rows = [
        f"r{number},{iccid},data,{BYTES_EACH},2026-11-02T13:00:{number:02}Z,"
        "2026-11-02T13:01:00Z,JP,Demo"
        for number in range(ROWS)
    ]
    path = folder / "usage.csv"
    path.write_text("\n".join([HEADER, *rows, rows[0], "no record"]) + "\n")
    return path


def run_import(path: Path, cluster: Cluster, point: str = "") -> int:
    """Import the file in a process of its own, which dies at `point`; its exit code."""
    command = [ROOT / ".venv/bin/fairroam", "import-usage", path, "--source", SOURCE]
    environment = os.environ | {"DATABASE_URL": cluster.url(), "FAIRROAM_FAULT_POINTS": point}
    finished = subprocess.run(
        [*command, "--chunk-bytes", str(CHUNK_BYTES)], env=environment, capture_output=True
    )
    return finished.returncode


def committed_part(path: Path) -> str:
    """How much of the file the database says is done."""
    done = UsageImport.objects.get().done_bytes
    left = path.stat().st_size - done
    if done == 0:
        return "none"
    return "all but one" if left <= CHUNK_BYTES else "a chunk"


def test_an_import_that_is_killed_at_every_step_counts_each_byte_once(committed, cluster, tmp_path):
    line = a_ready_line()
    path = a_file(tmp_path, line.line.profiles.get().iccid)

    for point, part in DEATHS:
        assert run_import(path, cluster, point) == -signal.SIGKILL
        assert committed_part(path) == part
    assert run_import(path, cluster) == 1  # It names the bad line.

    assert queries.usage_of(line.pk).allowances[0].used == ROWS * BYTES_EACH
    assert UsageRecord.objects.count() == ROWS
    assert BadRow.objects.count() == 1
    done = UsageImport.objects.get()
    assert (done.counted, done.repeated, done.bad) == (ROWS, 1, 1)
    assert done.finished_at is not None
