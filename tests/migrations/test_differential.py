"""The same random histories of models, migrated by Django and by us."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

HISTORIES = int(os.environ.get("ROWSMITH_HISTORIES", "12"))


@pytest.mark.skipif(
    importlib.util.find_spec("django") is None,
    reason="Django is the oracle of this test: pip install 'rowsmith[test]'",
)
@pytest.mark.parametrize("vendor", ["sqlite", "postgresql"])
def test_random_histories_come_out_as_in_django(vendor, tmp_path, request):
    place = str(tmp_path) if vendor == "sqlite" else request.getfixturevalue("postgresql_url")
    done = subprocess.run(
        [sys.executable, "-m", "tests.migrations.differential", vendor, place, "0", str(HISTORIES)],
        cwd=Path(__file__).resolve().parents[2], capture_output=True, text=True, timeout=60 + 5 * HISTORIES,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout == f"{HISTORIES} histories, 0 differences\n"
