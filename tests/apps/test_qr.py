"""The code as a picture, read back by a program that is not ours; and nowhere else."""

from __future__ import annotations

import logging
import shutil
import subprocess
from pathlib import Path

import pytest
import segno

from fairroam.apps.esims.models import Profile
from fairroam.apps.journal.models import Event
from fairroam.gateways.identifiers import ActivationCode
from fairroam.web.account import lines
from tests.stories.traveller import Traveller

ZBARIMG = shutil.which("zbarimg")
CODES = [
    ActivationCode(smdp_address="rsp.example.com", matching_id="ABCDE-FGHJK-MNPQR-STUVW"),
    ActivationCode(
        smdp_address="rsp.example.com", matching_id="ABCD-1234", needs_confirmation_code=True
    ),
    ActivationCode(
        smdp_address="Long-Name.rsp.example.com",
        matching_id="A" * 40,
        smdp_oid="1.3.6.1.4.1.31746",
        needs_confirmation_code=True,
    ),
    ActivationCode(smdp_address="rsp.example.com"),
]


@pytest.mark.promise(5)
@pytest.mark.parametrize("code", CODES, ids=lambda code: code.lpa)
def test_the_picture_says_exactly_the_code(tmp_path: Path, code: ActivationCode):
    assert ZBARIMG, "zbarimg is missing: install Debian's zbar-tools"
    picture = tmp_path / "code.png"
    lines.qr_symbol(code).save(str(picture), scale=5, border=4)

    read = subprocess.run(
        [ZBARIMG, "-q", "--raw", str(picture)], capture_output=True, check=True, text=True
    )

    assert read.stdout == code.lpa + "\n"


@pytest.mark.parametrize("code", CODES, ids=lambda code: code.lpa)
def test_the_page_shows_that_very_picture_with_its_quiet_zone(code: ActivationCode):
    symbol = lines.qr_symbol(code)
    side = symbol.symbol_size(border=4)[0]

    shown = lines.qr_code(code)

    assert f'viewBox="0 0 {side * 5} {side * 5}"' in shown
    assert shown == segno.make(code.lpa, error="m", micro=False).svg_inline(
        scale=5, border=4, dark="#000", light="#fff", omitsize=True
    )


def test_the_code_shows_itself_masked_to_programs_and_people_who_only_look():
    code = CODES[0]

    assert code.matching_id not in repr(code)
    assert code.masked == "ABCDE-…"
    assert CODES[3].masked == ""


@pytest.mark.promise(5)
def test_no_log_of_ours_or_of_the_carrier_names_a_code(stack, caplog):
    caplog.set_level(logging.DEBUG)
    buyer = Traveller(stack)
    line = buyer.buy()
    code = buyer.code_of(line)
    buyer.phone.install(code)
    stack.rest()
    secret = code.split("$")[2]

    assert secret == Profile.objects.get(line_id=line.pk).matching_id
    outputs = [process.folder / "output.txt" for process in stack.stand_ins.values()]
    effects = [str(process.effects()) for process in stack.stand_ins.values()]
    mails = [mail["text"] for mail in buyer.mails()]
    logs = [path.read_text(errors="replace") for path in outputs]
    assert "download" in "".join(effects)
    assert len(mails) > 1
    for words in (caplog.text, *logs, *effects, *mails, *events()):
        assert secret not in words


def events() -> list[str]:
    """What the journal has kept."""
    return [str(facts) for facts in Event.objects.values_list("facts", flat=True)]
