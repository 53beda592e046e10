"""The command line: stable names, exit codes 0 ok, 1 faults found, 2 wrong usage, 3 something unreachable."""
