"""What contradicts itself among payments, payouts, disputes and the providers' reports."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import connection

from fairroam.apps.payments.models import Difference, ProviderEvent

FAULTS = {
    # I5: the counters are what the payouts say.
    "payment {} has counters that its payouts do not add up to": """
        SELECT p.id FROM payments_payment p LEFT JOIN payments_payout o ON o.payment_id = p.id
        GROUP BY p.id
        HAVING p.pending_minor <> coalesce(sum(o.amount_minor - o.covered_minor)
                 FILTER (WHERE o.stage IN ('planned', 'held', 'needs_account', 'manual_payout',
                                           'sent', 'pending', 'requires_action')), 0)
            OR p.refunded_minor <> coalesce(sum(o.amount_minor - o.covered_minor)
                 FILTER (WHERE o.stage = 'succeeded'), 0)
            OR p.charged_back_minor <> coalesce(sum(o.covered_minor)
                 FILTER (WHERE o.stage <> 'rerouted'), 0)""",
    # I13/I15: what arrived is booked, once, and nothing else is.
    "payout {} arrived and the books do not say so": """
        SELECT o.id FROM payments_payout o WHERE o.stage = 'succeeded' AND NOT EXISTS (
            SELECT 1 FROM ledger_transfer t
            WHERE t.key = 'payout:' || o.key AND t.minor = o.amount_minor - o.covered_minor)""",
    "dispute {} is over and the books do not say how": """
        SELECT d.id FROM payments_dispute d WHERE (d.stage = 'lost') <> EXISTS (
                SELECT 1 FROM ledger_transfer t WHERE t.minor = d.amount_minor
                AND t.key = 'dispute:' || d.provider || ':' || d.provider_ref || '/lost')
            OR (d.stage = 'won') <> EXISTS (
                SELECT 1 FROM ledger_transfer t WHERE t.minor = d.amount_minor
                AND t.key = 'dispute:' || d.provider || ':' || d.provider_ref || '/back')""",
    "payment {} rests for a dispute that is over, or does not for one that is open": """
        SELECT p.id FROM payments_payment p WHERE p.is_disputed <> EXISTS (
            SELECT 1 FROM payments_dispute d
            WHERE d.payment_id = p.id AND d.stage IN ('open', 'represented'))""",
    # What lost disputes took is counted before anything leaves.
    "payout {} was sent though a lost dispute had paid it": """
        SELECT o.id FROM payments_payout o JOIN payments_payment p ON p.id = o.payment_id
        WHERE NOT o.is_in_good_faith AND p.charged_back_minor < (
            SELECT sum(d.amount_minor) FROM payments_dispute d
            WHERE d.payment_id = p.id AND d.stage = 'lost' AND d.ended_at < o.sent_at)""",
    "payout {} says by its stage another way than by its rail": """
        SELECT id FROM payments_payout
        WHERE is_by_hand <> (rail LIKE 'transfer@%')
           OR (stage IN ('needs_account', 'manual_payout') AND NOT is_by_hand)
           OR (stage = 'manual_payout' AND account_id IS NULL)
           OR (is_by_hand AND stage = 'succeeded' AND confirmed_by_id IS NULL)""",
    "payout {} was not sent by its last day": """
        SELECT id FROM payments_payout WHERE alarmed_at::date > pay_by
          AND stage IN ('planned', 'needs_account', 'manual_payout')""",
    "payout {} goes through a payment of another currency": """
        SELECT o.id FROM payments_payout o JOIN payments_payment p ON p.id = o.payment_id
        WHERE o.currency <> p.currency
           -- Credit may have been given to somebody else, who takes it out.
           OR (o.customer_id <> p.customer_id AND o.cause !~ '^(balance-refund|late):')""",
}


def find_faults() -> Iterator[str]:
    """What contradicts the books; each line is a sentence."""
    with connection.cursor() as cursor:
        for sentence, query in FAULTS.items():
            cursor.execute(query)
            yield from (sentence.format(row[0]) for row in cursor.fetchall())
    for difference in Difference.objects.filter(resolved_at__isnull=True).order_by("pk"):
        yield (
            f"{difference.provider} reports {difference.theirs_minor} {difference.currency} for"
            f" {difference.kind} {difference.ref}, the books say {difference.ours_minor}"
        )
    for event in ProviderEvent.objects.filter(outcome="quarantined"):
        yield f"provider event {event.pk} waits for a person: {event.reason}"
