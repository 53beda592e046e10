"""Legacy bytes ↔ values. Pure: raises only its own faults, each with its place; never logs, sleeps or reads files."""
