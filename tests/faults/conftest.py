"""Running sites for the tests of one module: they go through one fault after the other, as a site does."""

import pytest
from tests.faults.broker_site import broker_site


@pytest.fixture(scope="module")
def troubled(tmp_path_factory):
    """A site behind its own RabbitMQ; a test leaves the broker as it found it."""
    with broker_site(tmp_path_factory.mktemp("troubled") / "site") as site:
        yield site
