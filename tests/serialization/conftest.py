"""The models of this suite are the only ones that there are."""

from __future__ import annotations

import pytest

from tests.serialization import shop


@pytest.fixture
def full(tables, monkeypatch):
    """The tables, with an object of each kind."""
    for module in ("migrations.places", "serializers.base", "serializers.ordering", "serializers.fixtures"):
        monkeypatch.setattr(f"rowsmith.{module}.registry", lambda: shop.registry)
    tables(*shop.MODELS)
    shop.Book.saved = 0
    return shop.fill()
