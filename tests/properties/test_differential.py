"""rowsmith beside Django: the same random queries on one SQLite file must have the same answers."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent

# The seeds that are run at every change; `make differential` runs 20,000 queries of one seed.
SEEDS = (1, 2, 3, 4)
COUNT = int(os.environ.get("ROWSMITH_DIFFERENTIAL_COUNT", "500"))

needs_django = pytest.mark.skipif(
    importlib.util.find_spec("django") is None,
    reason="Django is the oracle of this test: pip install 'rowsmith[test]'",
)


def differential(*options: str) -> str:
    """What the command printed. Its own process keeps both libraries' models and settings out of this one."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.properties.differential", *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    output = done.stdout + done.stderr
    assert done.returncode == 0, output
    return output


@needs_django
@pytest.mark.parametrize("seed", SEEDS)
def test_random_queries_have_the_answers_of_django(seed):
    output = differential("--count", str(COUNT), "--seed", str(seed))
    assert f"{COUNT} queries of seed {seed}" in output
    assert " 0 mismatches" in output


@needs_django
def test_every_random_query_has_one_right_answer():
    """Django agrees with itself when SQLite returns unordered rows the other way round."""
    assert " 0 mismatches" in differential("--count", str(COUNT), "--seed", "1", "--self-check")
