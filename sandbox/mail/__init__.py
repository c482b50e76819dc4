"""A mail server that keeps whatever it is sent and shows it on a local page."""
