"""The desk: what waits for a person."""

from django.urls import path

from fairroam.web.desk import (
    books,
    declarations,
    identity,
    lines,
    refunds,
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
    path("usage/", usage.files, name="usage"),
    path("team/", team.team, name="team"),
    path("invitations/<str:token>/", team.invitation, name="invitation"),
    path("books/", books.books, name="books"),
    path("suppliers/", suppliers.suppliers, name="suppliers"),
    path("suppliers/<int:order_line_id>/settle/", suppliers.settle, name="settle_claim"),
    path("payouts/<int:payout_id>/send-again/", books.send_again, name="send_again"),
]
