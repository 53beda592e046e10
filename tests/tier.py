"""How much of the long tests is run: `KAKEHASHI_TIER=full ./test tests/faults tests/model`; else the fast tier."""

import os

FULL = os.environ.get("KAKEHASHI_TIER") == "full"
