"""A label with everything on it, and the reader that is not ours."""

from __future__ import annotations

import pytest

from ledger.labels.layout import LabelText
from tests.support.labels import FULL


@pytest.fixture
def full() -> LabelText:
    return FULL
