"""What every Sealer promises. Subclass with a fixture `sealer`."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kakehashi.errors import SealError
from kakehashi.ports.sealer import Sealed, Sealer

__all__ = ["SealerConformance"]

_TEXT = "宛名番号と所得の一行".encode("cp932") * 40
_CONTEXT = "BATCH/tax/7"


class SealerConformance:
    @pytest.mark.parametrize("plain", [b"", b"\x00", _TEXT, bytes(range(256)) * 300])
    def test_what_was_sealed_opens_unchanged(self, sealer: Sealer, plain: bytes) -> None:
        """A sealed body opens to the same bytes, empty ones included."""
        assert sealer.open(sealer.seal(plain, context=_CONTEXT), context=_CONTEXT) == plain

    def test_another_context_does_not_open_it(self, sealer: Sealer) -> None:
        """A body that was moved to another message, lane or type does not open (SEC-001)."""
        sealed = sealer.seal(_TEXT, context=_CONTEXT)
        for context in ("", "BATCH/tax/8", "BATCH/tax/77", "BATCH/welfare/7"):
            assert _refusal(sealer, sealed, context) == "SEC-001"

    def test_one_flipped_bit_is_found(self, sealer: Sealer) -> None:
        """A body with any single bit changed does not open (SEC-001)."""
        sealed = sealer.seal(b"short", context=_CONTEXT)
        for position in range(len(sealed.body) * 8):
            body = bytearray(sealed.body)
            body[position // 8] ^= 1 << position % 8
            assert _refusal(sealer, replace(sealed, body=bytes(body)), _CONTEXT) == "SEC-001"

    def test_a_cut_or_lengthened_body_is_found(self, sealer: Sealer) -> None:
        """A truncated, extended or foreign body does not open (SEC-001)."""
        sealed = sealer.seal(b"short", context=_CONTEXT)
        for length in range(len(sealed.body)):
            assert _refusal(sealer, replace(sealed, body=sealed.body[:length]), _CONTEXT) == "SEC-001"
        assert _refusal(sealer, replace(sealed, body=sealed.body + b"\x00"), _CONTEXT) == "SEC-001"

    def test_an_unknown_key_has_its_own_code(self, sealer: Sealer) -> None:
        """A body under a key that is not loaded is SEC-002, so that the operator loads the key."""
        sealed = sealer.seal(_TEXT, context=_CONTEXT)
        assert _refusal(sealer, replace(sealed, key_id="absent"), _CONTEXT) == "SEC-002"

    def test_two_seals_of_one_text_differ(self, sealer: Sealer) -> None:
        """Equal records cannot be recognised by equal sealed bodies."""
        assert len({sealer.seal(_TEXT, context=_CONTEXT).body for _ in range(50)}) == 50

    def test_the_body_shows_nothing_of_the_text(self, sealer: Sealer) -> None:
        """No 8 bytes of the text, plain or compressed away, stand in the body; repeated text becomes short."""
        sealed = sealer.seal(_TEXT, context=_CONTEXT)
        assert not any(_TEXT[start : start + 8] in sealed.body for start in range(20))
        assert len(sealed.body) < len(_TEXT) // 2

    def test_the_digest_finds_and_does_not_tell(self, sealer: Sealer) -> None:
        """The digest of a text is always the same 32 bytes, of another text another, and never a plain hash."""
        assert sealer.digest("個人") == sealer.digest("個人")
        assert sealer.digest("個人") != sealer.digest("個人 ")
        assert len(sealer.digest("")) == 32

    def test_a_digest_names_its_key(self, sealer: Sealer) -> None:
        """By default it is the first of `digest_ids`; an unknown key is SEC-002."""
        first, *_ = sealer.digest_ids
        assert (len(first), first.isalpha()) == (8, True)
        assert sealer.digest("個人") == sealer.digest("個人", key_id=first)
        with pytest.raises(SealError) as caught:
            sealer.digest("個人", key_id="unknownx")
        assert caught.value.fault.code == "SEC-002"

    def test_the_key_that_seals_has_a_name(self, sealer: Sealer) -> None:
        """What was sealed names it."""
        assert sealer.seal(_TEXT, context=_CONTEXT).key_id == sealer.key_id


def _refusal(sealer: Sealer, sealed: Sealed, context: str) -> str:
    with pytest.raises(SealError) as caught:
        sealer.open(sealed, context=context)
    return caught.value.fault.code
