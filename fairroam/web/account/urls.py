"""The account centre: what is yours."""

from django.urls import path

from fairroam.web.account import (
    inbox,
    leave,
    letter,
    line_acts,
    lines,
    money,
    numbers,
    offers,
    orders,
    overview,
    papers,
    quotes,
    refunds,
    top_up,
    trouble,
)

app_name = "account"
urlpatterns = [
    path("", overview.overview, name="overview"),
    path("lines/<int:line_id>/", lines.line, name="line"),
    path("lines/<int:line_id>/top-up/", top_up.top_up, name="top_up"),
    path("lines/<int:line_id>/name/", line_acts.name, name="line_name"),
    path("lines/<int:line_id>/history/", line_acts.history, name="line_history"),
    path("lines/<int:line_id>/acts/<slug:kind>/", line_acts.act, name="line_act"),
    path("lines/<int:line_id>/number/", numbers.number, name="number"),
    path("lines/<int:line_id>/number/code/", numbers.code, name="number_code"),
    path("lines/<int:line_id>/number/renew/", numbers.renew, name="number_renew"),
    path("numbers/", numbers.overview, name="numbers"),
    path("numbers/identify/", numbers.identify, name="identify"),
    path("lines/<int:line_id>/refund/", refunds.ask, name="ask_refund"),
    path("lines/<int:line_id>/trouble/", trouble.trouble, name="trouble"),
    path("lines/<int:line_id>/letter/", letter.letter, name="letter"),
    path("lines/<int:line_id>/letter.txt", letter.download, name="letter_file"),
    path("quotes/<uuid:key>/", quotes.quote, name="quote"),
    path("refunds/<int:refund_id>/", refunds.refund, name="refund"),
    path("refunds/<int:refund_id>/answer/", offers.answer, name="refund_answer"),
    path("refunds/<int:refund_id>/appeal/", offers.appeal, name="refund_appeal"),
    path("offers/", offers.offers, name="offers"),
    path("offers/<int:offer_id>/", offers.offer, name="offer"),
    path("refunds/<int:refund_id>/take-back/", refunds.take_back, name="take_back_refund"),
    path("inbox/", inbox.inbox, name="inbox"),
    path("inbox/<int:notice_id>/", inbox.message, name="message"),
    path("money/<int:payout_id>/", money.money, name="money"),
    path("orders/", orders.orders, name="orders"),
    path("papers/<str:number>.<slug:form>", papers.paper, name="paper"),
    path("leave/", leave.leave, name="leave"),
    path("leave/<str:seal>/", leave.progress, name="leaving"),
]
