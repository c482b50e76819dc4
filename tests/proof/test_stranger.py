"""Somebody who has only joserfc, the file and the published keys."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from fairroam.proof import sign

STRANGER = Path(__file__).with_name("stranger.py")


def exit_code(folder: Path, document: str, keys: dict) -> int:
    (folder / "paper.json").write_text(document, encoding="utf-8")
    (folder / "keys.json").write_text(json.dumps(keys), encoding="utf-8")
    files = [folder / "paper.json", folder / "keys.json"]
    command = [sys.executable, "-I", STRANGER, *files]
    return subprocess.run(command, stderr=subprocess.DEVNULL, check=False).returncode


@pytest.mark.promise(78)
def test_a_stranger_checks_a_certificate_in_ten_lines_and_refuses_an_altered_byte(
    tmp_path, certificate, key, keys
):
    document = json.dumps(sign(certificate, key), ensure_ascii=False, indent=2)

    assert exit_code(tmp_path, document, keys.as_jwks()) == 0
    for true, false in [("2148", "2149"), ("已注销", "未注销"), ("true", "1"), ("0417", "0418")]:
        assert exit_code(tmp_path, document.replace(true, false, 1), keys.as_jwks()) == 1
    signature = json.loads(document)["signature"]
    forged = signature[:-5] + ("A" if signature[-5] != "A" else "B") + signature[-4:]
    assert exit_code(tmp_path, document.replace(signature, forged), keys.as_jwks()) == 1


def test_the_script_fits_in_ten_lines():
    lines = STRANGER.read_text(encoding="utf-8").splitlines()

    assert len([line for line in lines if line and not line.startswith('"""')]) <= 10
