"""Where the migrations of an app are."""

from __future__ import annotations

import pytest

import rowsmith
from rowsmith import config, models
from rowsmith.metadata.registry import Apps, isolated
from rowsmith.migrations import places


@pytest.fixture
def registry():
    found = Apps()
    isolated.set(found)
    yield found
    isolated.set(None)
    config.install(None)


@pytest.mark.feature("MI-001")
@pytest.mark.parametrize(
    ("module", "label", "expected"),
    [
        ("shop.models", None, "shop.migrations"),
        ("big.shop.models", None, "big.shop.migrations"),
        ("shop.models.books", None, "shop.migrations"),
        ("shop.books", None, "shop.migrations"),
        ("books", None, "books_migrations"),
        ("shop.models", "till", "shop.till_migrations"),
        ("labelled.models", None, "labelled.migrations"),
        ("elsewhere.models", None, "history.elsewhere"),
        ("nowhere.models", None, None),
    ],
)
def test_migrations_are_beside_the_models(registry, module, label, expected):
    rowsmith.configure(
        "sqlite://:memory:",
        apps={"labelled": {"label": "other"}},
        migration_modules={"elsewhere": "history.elsewhere", "nowhere": None},
    )
    meta = {"app_label": label} if label else {}
    made = type("Thing", (models.Model,), {"__module__": module, "Meta": type("Meta", (), meta)})
    assert places.labels() == [made._meta.app_label]
    assert places.migrations_module(made._meta.app_label) == expected


def test_the_folder_of_an_app_is_known_before_it_is_there(registry, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "lone_models.py").write_text("from rowsmith import models\nclass Thing(models.Model):\n    pass\n")
    __import__("lone_models")
    assert places.folder("lone_models") == tmp_path / "lone_models_migrations"
    with pytest.raises(ValueError, match="is to have no migrations"):
        places.folder("unknown")
