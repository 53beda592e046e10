"""Ports: what the core asks of the outside. Each has a memory fake and a conformance suite in `kakehashi.testing`."""
