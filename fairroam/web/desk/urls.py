"""The desk: what waits for a person."""

from django.urls import path

from fairroam.web.desk import books, refunds

app_name = "desk"
urlpatterns = [
    path("", refunds.queue, name="queue"),
    path("refunds/<int:refund_id>/", refunds.case, name="case"),
    path("books/", books.books, name="books"),
    path("payouts/<int:payout_id>/send-again/", books.send_again, name="send_again"),
]
