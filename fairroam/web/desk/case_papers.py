"""Invoice, credit notes and receipts of a case, for whoever may open the case."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from fairroam.apps.conversations.refusals import NotAssigned
from fairroam.apps.customers.models import User
from fairroam.apps.journal.refusals import NotAmongYours
from fairroam.apps.orders import queries as orders
from fairroam.apps.papers import operations
from fairroam.apps.papers import queries as papers
from fairroam.apps.papers.models import Paper
from fairroam.apps.refunds.queries import desk
from fairroam.clock import now
from fairroam.web.account.papers import as_file, told
from fairroam.web.components.refused import sentence_of
from fairroam.web.desk.staff import staff_only


def papers_of_line(order_line_id: int) -> list[Paper]:
    """The papers of the order that this line stands in, the oldest first."""
    invoice_id = orders.terms_of(order_line_id).invoice_id
    return list(papers.papers_about(invoice_id)) if invoice_id else []


@never_cache
@staff_only
@require_safe
def paper(
    request: HttpRequest, staff: User, refund_id: int, number: str, form: str = ""
) -> HttpResponse:
    """One paper to read, or as a file; the journal says who had it shown."""
    try:
        case = desk.case(refund_id, staff_user_id=staff.pk)
    except NotAssigned as refusal:
        said = {"sentence": sentence_of(refusal), "code": refusal.code}
        return render(request, "desk/not_assigned.html", said, status=refusal.status)
    of_case = papers_of_line(case.refund.order_line_id)
    found = next((one for one in of_case if one.number == number), None)
    if found is None:
        raise NotAmongYours(refund_id=refund_id)
    if form:
        answer = as_file(request, found, form)
    else:
        answer = render(request, "desk/paper.html", {**told(found), "refund_id": refund_id})
    operations.record_shown(paper_id=found.pk, actor=f"staff:{staff.pk}", now=now())
    return answer
