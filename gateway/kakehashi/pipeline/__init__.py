"""The straight line from legacy bytes to a settled record: decode → identify → map → validate → deliver → settle.

Composes the pure rooms with the ports. Errors become outcomes in `settling` and nowhere else.
"""
