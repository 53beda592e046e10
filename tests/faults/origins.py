"""Which file a sequence was given to."""

from bisect import bisect_left


class Origins:
    """Of these files of a ledger; a look-up in the ledger for each of half a million effects takes too long."""

    def __init__(self, files):
        self.files = sorted(files, key=lambda file: file.before_first)
        self._firsts = [file.before_first for file in self.files]

    def of(self, sequence):
        """The file; None: none of these."""
        at = bisect_left(self._firsts, sequence) - 1
        file = self.files[at] if at >= 0 else None
        return file if file is not None and sequence <= file.before_first + file.records else None
