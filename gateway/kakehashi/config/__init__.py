"""Structure in TOML, tables in CSV or .xlsx: read, checked as a whole, compiled once. Every fault is told at once."""
