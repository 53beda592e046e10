"""Legacy values → elements of a message, by a table that was compiled once. Pure: values in, text or faults out."""
