"""COBOL copybooks: text → tree of fields with offsets → what reads and writes records of it."""
