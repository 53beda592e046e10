"""Checks bytes against schemas, rules and the absence of an individual number. Bytes and values in, faults out."""
