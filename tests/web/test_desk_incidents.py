"""The desk gives everybody back what a failure cost: two operators, one preview, one run."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine

from fairroam.apps.incidents.models import Incident
from fairroam.apps.orders.models import OrderLine
from fairroam.apps.payments.models import Payout
from fairroam.apps.refunds.models import RefundRun
from fairroam.apps.refunds.operations import everyone
from fairroam.clock import now
from fairroam.worker.giving import give_to_everyone
from tests.apps.everyone_given import ENDS, FAILS, a_hit_line, an_operator
from tests.apps.incidents_given import see
from tests.given import a_colleague

pytestmark = pytest.mark.usefixtures("catalogue")
FORM = {
    "countries": ["JP"],
    "operators": "",
    "began_at": f"{FAILS:%Y-%m-%dT%H:%M}",
    "ended_at": f"{ENDS:%Y-%m-%dT%H:%M}",
    "source": "https://status.example/42",
    "words_en": "No data in Japan.",
    "words_zh": "日本没有数据网络。",
}


@pytest.fixture(autouse=True)
def later():
    """The failure lies in the past of the clock that the pages read."""
    with time_machine.travel(ENDS + timedelta(days=9), tick=False):
        yield


@pytest.mark.promise(17)
@pytest.mark.promise(19)
def test_one_operator_counts_and_another_confirms(client, catalogue):
    max_, mia = an_operator("max@fairroam.example"), an_operator("mia@fairroam.example")
    a_hit_line()
    client.force_login(max_)
    client.post("/desk/incidents/", FORM)
    incident = Incident.objects.get()
    assert client.get("/desk/incidents/").status_code == 200
    moves = f"/desk/incidents/{incident.pk}/move/"
    client.post(moves, {"step": "count"})
    assert RefundRun.objects.count() == 0  # nobody has confirmed the failure yet
    client.post(moves, {"step": "confirm"})
    client.post(moves, {"step": "count"})
    run = RefundRun.objects.get()
    page = f"/desk/runs/{run.pk}/"
    assert "being counted" in client.get(page).content.decode()
    everyone.preview(run_id=run.pk, now=now())
    run.refresh_from_db()

    mine = client.get(page).content.decode()
    assert "€3.80" in mine
    assert 'value="confirm"' not in mine
    client.post(f"{page}steer/", {"step": "confirm", "digest": run.digest})
    run.refresh_from_db()
    assert run.stage == "previewed"

    client.force_login(mia)
    assert 'value="confirm"' in client.get(page).content.decode()
    client.post(f"{page}steer/", {"step": "confirm", "digest": run.digest})
    assert "0 of 1 plans done" in client.get(page).content.decode()
    give_to_everyone(run.pk)

    done = client.get(page).content.decode()
    assert "1 of 1 plans done" in done
    assert 'hx-get="/desk/runs/' not in done
    assert Payout.objects.get().amount_minor == 380
    see(OrderLine.objects.get(), ENDS - timedelta(hours=1), country="JP", operator="")
    client.post(f"/desk/incidents/{incident.pk}/", FORM | {"version": 2, "operators": "KDDI"})
    seen = client.get(f"/desk/incidents/{incident.pk}/").content.decode()
    assert "may have been hit, too: 1." in seen
    assert f'href="/desk/lines/{OrderLine.objects.get().pk}/"' in seen


def test_a_run_in_which_nobody_is_owed_anything_has_nothing_to_confirm(client):
    max_, mia = an_operator("max@fairroam.example"), an_operator("mia@fairroam.example")
    client.force_login(max_)
    client.post("/desk/incidents/", FORM)
    moves = f"/desk/incidents/{Incident.objects.get().pk}/move/"
    client.post(moves, {"step": "confirm"})
    client.post(moves, {"step": "count"})
    run = RefundRun.objects.get()
    everyone.preview(run_id=run.pk, now=now())

    client.force_login(mia)
    page = client.get(f"/desk/runs/{run.pk}/").content.decode()

    assert "there is nothing to confirm" in page
    assert 'value="confirm"' not in page
    assert 'value="discard"' in page


def test_a_wrong_report_keeps_what_was_typed(client):
    client.force_login(an_operator("max@fairroam.example"))
    answer = client.post("/desk/incidents/", FORM | {"ended_at": FORM["began_at"]})

    assert answer.status_code == 422
    assert "The end lies before the beginning." in answer.content.decode()
    assert "No data in Japan." in answer.content.decode()
    future = client.post("/desk/incidents/", FORM | {"ended_at": "2030-01-01T00:00"})
    assert future.status_code == 422
    assert Incident.objects.count() == 0


def test_a_correction_keeps_the_version_in_mind(client):
    client.force_login(an_operator("max@fairroam.example"))
    client.post("/desk/incidents/", FORM)
    page = f"/desk/incidents/{Incident.objects.get().pk}/"

    assert client.post(page, FORM | {"version": 1, "operators": "KDDI\nau"}).status_code == 302
    assert client.post(page, FORM | {"version": 1}).status_code == 409
    assert Incident.objects.get().operators == ["KDDI", "au"]


@pytest.mark.parametrize("page", ["/desk/incidents/", "/desk/incidents/1/", "/desk/runs/1/"])
def test_only_operators_come_here(client, page):
    client.force_login(a_colleague("agent", email="sam@fairroam.example"))
    assert client.get(page).status_code == 403


@pytest.mark.parametrize("page", ["/desk/incidents/77/", "/desk/runs/77/"])
def test_what_is_not_there_is_said_so(client, page):
    client.force_login(an_operator("max@fairroam.example"))
    assert client.get(page).status_code == 404
