"""Messages of the external interface: bytes from dataclasses, dataclasses from elements."""
