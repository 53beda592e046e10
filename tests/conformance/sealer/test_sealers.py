"""Both sealers keep the promises of the port."""

from pathlib import Path

import pytest

from kakehashi.testing.memory_sealer import MemorySealer
from kakehashi.testing.sealer_conformance import SealerConformance
from kakehashi_adapters.vault import AesGcmSealer, create_key_file


class TestMemorySealer(SealerConformance):
    @pytest.fixture
    def sealer(self):
        return MemorySealer()


class TestAesGcmSealer(SealerConformance):
    @pytest.fixture
    def sealer(self, tmp_path: Path):
        return AesGcmSealer(create_key_file(tmp_path / "keys.toml"))
