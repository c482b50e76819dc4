"""A carrier's profile server (SM-DP+) that speaks ES2+, and phones that install from it."""
