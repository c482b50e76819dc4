"""A payment provider that moves test money only: pay page, refunds, disputes, events, reports."""
