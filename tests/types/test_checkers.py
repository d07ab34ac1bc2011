"""mypy, pyright and ty agree on what is right and what is wrong, with stubs and without, and need no plugin."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import rowsmith

SAMPLES = Path(__file__).with_name("samples")
SOURCE = Path(rowsmith.__file__).parent.parent
FILES = ("without_stubs.py", "with_stubs.py", "zoo_with_stubs.py", "orders_with_stubs.py")
STUBS = ("shop/models.pyi", "shop/people.pyi", "zoo/beasts.pyi", "orders/models.pyi")

COMMANDS = {
    "mypy": [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "--cache-dir=.cache"],
    "pyright": [sys.executable, "-m", "pyright", "--pythonpath", sys.executable],
    "ty": [sys.executable, "-m", "ty", "check", "--python", sys.prefix, "--extra-search-path", str(SOURCE),
           "--output-format", "concise"],
}  # fmt: skip


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    """A copy of the samples with the stubs of their package written."""
    place = tmp_path_factory.mktemp("samples")
    shutil.copytree(SAMPLES, place, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    done = rowsmith_types(place, "shop", "zoo", "orders")
    assert done.returncode == 0, done.stderr
    (place / "pyrightconfig.json").write_text(
        json.dumps({"extraPaths": [str(SOURCE)], "typeCheckingMode": "standard", "reportMissingModuleSource": False})
    )
    return place


def rowsmith_types(place, *arguments):
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    command = [sys.executable, "-m", "rowsmith", "types", *arguments]
    return subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True, check=False)


def lines_with_errors(checker, samples, *files):
    """(the file and line of every error, all that the checker printed)."""
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    done = subprocess.run(
        [*COMMANDS[checker], *files], cwd=samples, env=environment, capture_output=True, text=True, check=False
    )
    printed = done.stdout + done.stderr
    assert done.returncode in (0, 1), printed
    found = re.findall(r"([\w./]+\.pyi?):(\d+)(?::\d+)?(?: -|:) error", printed)
    return {(Path(file).name, int(line)) for file, line in found}, printed


def marked(file):
    return {
        (file, number)
        for number, line in enumerate((SAMPLES / file).read_text().splitlines(), 1)
        if "# wrong" in line
    }


@pytest.fixture(scope="module")
def reports(samples):
    """What each checker says of all samples and stubs, asked once."""
    asked = {}

    def report(checker):
        if checker not in asked:
            asked[checker] = lines_with_errors(checker, samples, *FILES, *STUBS)
        return asked[checker]

    return report


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("checker", COMMANDS)
def test_checkers_find_what_is_wrong_and_nothing_else(reports, checker, file):
    found, printed = reports(checker)
    assert {place for place in found if place[0] == file} == marked(file), printed


@pytest.mark.parametrize("checker", COMMANDS)
def test_the_stubs_themselves_are_clean(reports, checker):
    found, printed = reports(checker)
    assert not {place for place in found if place[0].endswith(".pyi")}, printed


def test_there_are_assertions_of_both_kinds():
    text = "".join((SAMPLES / file).read_text() for file in FILES)
    assert text.count("    assert_type(") >= 160
    assert text.count("# wrong") >= 120


def test_a_stub_that_is_not_what_it_would_be_written_as_fails_the_check(samples, tmp_path):
    shutil.copytree(samples / "shop", tmp_path / "shop", ignore=shutil.ignore_patterns("__pycache__"))
    assert rowsmith_types(tmp_path, "shop", "--check").returncode == 0
    models = tmp_path / "shop" / "models.py"
    models.write_text(models.read_text().replace("pages = models", "leaves = models").replace("self.pages", "3"))
    (tmp_path / "shop" / "people.pyi").unlink()
    done = rowsmith_types(tmp_path, "shop", "--check")
    assert done.returncode == 1
    assert "models.pyi is stale" in done.stdout
    assert "people.pyi is missing" in done.stdout
    assert "rowsmith types shop" in done.stderr
    assert rowsmith_types(tmp_path, "shop").returncode == 0
    assert "leaves__gt: int" in (tmp_path / "shop" / "models.pyi").read_text()
    assert rowsmith_types(tmp_path, "shop", "--check").returncode == 0


def test_more_hops_know_more_names(samples, tmp_path):
    shutil.copytree(samples / "shop", tmp_path / "shop", ignore=shutil.ignore_patterns("__pycache__"))
    stub = tmp_path / "shop" / "models.pyi"
    assert "author__mentor__name:" not in stub.read_text()
    assert rowsmith_types(tmp_path, "shop", "--hops", "2").returncode == 0
    assert "author__mentor__name: str" in stub.read_text()
    assert rowsmith_types(tmp_path, "shop", "--hops", "0").returncode == 0
    assert "author__name:" not in stub.read_text()


@pytest.mark.parametrize(("module", "said"), [("shopp", "There is no module 'shopp'"), ("json", "no models in json")])
def test_a_module_without_models_is_refused(samples, module, said):
    done = rowsmith_types(samples, module)
    assert done.returncode == 2
    assert said in done.stderr
