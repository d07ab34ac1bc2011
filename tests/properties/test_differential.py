"""rowsmith beside Django: the same random queries on one database must have the same answers; and laws for them."""

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


def printed(command: str, *options: str) -> str:
    """What the command printed. Its own process keeps both libraries' models and settings out of this one."""
    done = subprocess.run(
        [sys.executable, "-m", f"tests.properties.{command}", *options],
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
    output = printed("differential", "--count", str(COUNT), "--seed", str(seed))
    assert f"{COUNT} queries of seed {seed}" in output
    assert " 0 mismatches" in output


@needs_django
def test_every_random_query_has_one_right_answer():
    """Django agrees with itself when SQLite returns unordered rows the other way round."""
    assert " 0 mismatches" in printed("differential", "--count", str(COUNT), "--seed", "1", "--self-check")


@needs_django
def test_random_queries_have_the_answers_of_django_on_postgresql(postgresql_url):
    options = ("--count", str(COUNT), "--seed", "5", "--backend", "postgresql", "--server", postgresql_url)
    assert " 0 mismatches" in printed("differential", *options)


def test_laws_hold_on_sqlite():
    assert ": 0 laws broken" in printed("laws", "--count", str(2 * COUNT), "--seed", "1")


def test_laws_hold_on_postgresql(postgresql_url):
    options = ("--count", str(2 * COUNT), "--seed", "2", "--backend", "postgresql", "--server", postgresql_url)
    assert ": 0 laws broken" in printed("laws", *options)


@needs_django
def test_what_postgresql_alone_has_answers_as_djangos(postgresql_url):
    output = printed("postgres_differential", "--count", "600", "--seed", "11", "--server", postgresql_url)
    assert "600 questions of seed 11: 0 mismatches" in output
