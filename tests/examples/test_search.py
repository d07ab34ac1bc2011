"""The search page: the same program on both databases, which the URL alone tells apart."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
TEXTS = (
    "kennedy", "jfk", "american OR united", "field -municipal", '"new york"', "chicgo", "honolulu intl", "delt",
    "denver", "regional airport", "st. augustine", "' OR 1=1 --", "", "internat*", "the", "zzzzzz",
)  # fmt: skip


def run(url: str | None, *arguments: str) -> str:
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    if url is not None:
        environment["DATABASE_URL"] = url
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "examples.search", *arguments, "--", *TEXTS],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return done.stdout


@pytest.fixture(scope="module")
def answers() -> dict:
    return json.loads(run(None, "--json"))


@pytest.mark.parametrize("arguments", [(), ("--json",), ("--typing", "--json")], ids=["page", "json", "typing"])
def test_the_page_is_the_same_whatever_the_url(postgresql_url, arguments):
    assert run(None, *arguments) == run(postgresql_url, *arguments)


def codes(answers, text, kind):
    [found] = [one for one in answers[text] if one["kind"] == kind]
    return [row["code"] for row in found["rows"]], found["alike"]


def test_airports_and_airlines_are_found(answers):
    assert codes(answers, "kennedy", "place") == (["JFK"], False)
    assert codes(answers, "jfk", "place") == (["JFK"], False)
    assert codes(answers, "american OR united", "carrier") == (["AA", "UA"], False)
    found, alike = codes(answers, "chicgo", "place")
    assert alike
    assert {"PWK", "MDW"} <= set(found)
    assert codes(answers, "delt", "carrier") == (["DL"], True)
    [places] = [one for one in answers["field -municipal"] if one["kind"] == "place"]
    assert all("[Field]" in row["shown"] and "Municipal" not in row["shown"] for row in places["rows"])
    for text in ("", "zzzzzz"):
        assert all(one["count"] == 0 for one in answers[text])
