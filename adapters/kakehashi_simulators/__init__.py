"""The other side, honestly: intermediate server and registry as programs of their own.

Nothing here uses the gateway's serialisers, parsers or clients: an error must not cancel itself out.
"""
