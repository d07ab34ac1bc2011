"""The pages of the guide: the programs that stand on them run, and do what they say."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import rowsmith

GUIDE = Path(__file__).resolve().parent.parent / "docs" / "guide"
PAGES = sorted(GUIDE.glob("*.md"))
# The program runs elsewhere, and is to use the same library as this test.
SOURCE = str(Path(rowsmith.__file__).resolve().parent.parent)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_python_on_a_page_runs(page, tmp_path, request):
    program = "\n".join(re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL))
    assert program.strip(), f"{page.name} shows no Python."
    name = page.stem.replace("-", "_")
    (tmp_path / f"{name}.py").write_text(program, encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": SOURCE}
    if page.stem == "postgresql":
        environment["DATABASE_URL"] = request.getfixturevalue("postgresql_url")
    done = subprocess.run(
        [sys.executable, "-W", "error", f"{name}.py"],
        cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.stderr == ""
    assert done.returncode == 0
