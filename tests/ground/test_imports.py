"""Imports put off: modules that few programs need, or need late, and that are slow to import."""

from __future__ import annotations

import subprocess
import sys

import pytest

from rowsmith.imports import Later

SLOW = ("asyncio", "concurrent.futures", "dataclasses", "difflib", "hashlib", "inspect", "psycopg", "random", "tomllib")


def test_a_module_is_imported_when_something_of_it_is_used():
    sys.modules.pop("colorsys", None)
    colorsys = Later("colorsys")
    assert "colorsys" not in sys.modules
    assert colorsys.rgb_to_hsv(0, 0, 0) == (0, 0, 0)
    assert "colorsys" in sys.modules


def test_a_name_that_the_module_does_not_have_is_its_own_error():
    with pytest.raises(AttributeError, match="module 'colorsys' has no attribute 'nothing'"):
        Later("colorsys").nothing


def test_defining_models_imports_no_slow_module():
    asked = f"import sys, rowsmith.models; print(*[name for name in {SLOW} if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True).stdout == "\n"
