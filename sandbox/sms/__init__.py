"""A stand-in for a provider of text messages: takes them, keeps them, shows them."""
