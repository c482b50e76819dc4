"""The desk: what waits for a person."""

from django.urls import path

from fairroam.web.desk import (
    books,
    declarations,
    disputes,
    identity,
    incidents,
    lines,
    payouts,
    reconciliation,
    refunds,
    reports,
    suppliers,
    team,
    usage,
)

app_name = "desk"
urlpatterns = [
    path("", refunds.queue, name="queue"),
    path("refunds/<int:refund_id>/", refunds.case, name="case"),
    path("numbers/", identity.waiting, name="identity"),
    path("numbers/<int:line_id>/", identity.decide, name="decide_number"),
    path("declarations/", declarations.declarations, name="declarations"),
    path(
        "declarations/<int:declaration_id>/settle/",
        declarations.settle,
        name="settle_declaration",
    ),
    path("lines/", lines.lines, name="lines"),
    path("lines/<int:line_id>/", lines.line, name="line"),
    path("lines/<int:line_id>/end-again/", lines.end_again, name="end_again"),
    path("lines/<int:line_id>/acts/<int:act_id>/ask-again/", lines.ask_again, name="ask_again"),
    path("incidents/", incidents.incidents, name="incidents"),
    path("incidents/<int:incident_id>/", incidents.incident, name="incident"),
    path("incidents/<int:incident_id>/move/", incidents.move, name="move_incident"),
    path("runs/<int:run_id>/", incidents.run, name="run"),
    path("runs/<int:run_id>/steer/", incidents.steer, name="steer_run"),
    path("reports/", reports.reports, name="reports"),
    path("usage/", usage.files, name="usage"),
    path("team/", team.team, name="team"),
    path("invitations/<str:token>/", team.invitation, name="invitation"),
    path("books/", books.books, name="books"),
    path("suppliers/", suppliers.suppliers, name="suppliers"),
    path("suppliers/<int:order_line_id>/settle/", suppliers.settle, name="settle_claim"),
    path("books/check/", books.check, name="check_books"),
    path("payouts/", payouts.payouts, name="payouts"),
    path("payouts/<int:payout_id>/send-again/", books.send_again, name="send_again"),
    path("payouts/<int:payout_id>/sent/", payouts.mark_sent, name="transfer_sent"),
    path("payouts/<int:payout_id>/confirm/", payouts.confirm, name="transfer_confirm"),
    path("disputes/", disputes.disputes, name="disputes"),
    path("disputes/<int:dispute_id>/note/", disputes.note, name="dispute_note"),
    path("reconciliation/", reconciliation.reconciliation, name="reconciliation"),
    path("reconciliation/again/", reconciliation.look_again, name="look_again"),
    path(
        "reconciliation/differences/<int:difference_id>/",
        reconciliation.settle_difference,
        name="settle_difference",
    ),
    path(
        "reconciliation/notices/<int:event_id>/",
        reconciliation.conclude_event,
        name="conclude_event",
    ),
    path("reconciliation/late/<int:late_id>/", reconciliation.settle_late, name="settle_late"),
]
