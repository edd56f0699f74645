import pytest

from pipeline.models import ModelEntry, find_entry


@pytest.fixture(scope="session")
def u2netp() -> ModelEntry:
    return find_entry("u2netp")
