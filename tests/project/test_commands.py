"""`fairroam WORD` where something is missing: a sentence that says what, and no traceback."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from fairroam.project import serve

FAIRROAM = Path(sys.executable).with_name("fairroam")


@pytest.mark.parametrize(
    ("word", "settings", "sentence"),
    [
        ("books", {}, "needs the database of a service"),
        ("worker", {"FAIRROAM_TRUSTED_PROXIES": "x"}, "write a whole number"),
    ],
)
def test_what_is_missing_is_said(word, settings, sentence, tmp_path):
    nowhere = {"DATABASE_URL": f"host={tmp_path} dbname=none", "FAIRROAM_FOLDER": str(tmp_path)}
    done = subprocess.run(
        [FAIRROAM, word], env=os.environ | nowhere | settings, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_that_is_taken_is_named_before_anything_starts(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("FAIRROAM_FOLDER", str(tmp_path))
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        assert serve.run(["--port", str(port)]) == 1
    assert f"port {port}: Address already in use" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        serve.run(["--port", "65536"])


def test_a_folder_that_cannot_be_written_is_named(tmp_path, monkeypatch, capsys):
    (tmp_path / "file").touch()
    monkeypatch.setenv("FAIRROAM_FOLDER", str(tmp_path / "file" / "below"))
    assert serve.run([]) == 1
    assert "cannot be kept" in capsys.readouterr().out
