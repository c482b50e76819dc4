"""A mobile network: phones attach and use it, its operator's door suspends and ends lines."""
