"""A stand-in for a push service: takes encrypted messages, keeps them, knows no keys."""
