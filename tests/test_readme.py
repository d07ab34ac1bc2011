"""The programs in the README run as they stand there."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

README = Path(__file__).resolve().parent.parent / "README.md"


def test_the_first_program_runs_in_sync_and_in_async(tmp_path):
    text = README.read_text(encoding="utf-8")
    section = text[text.index("## A first program") :]
    program = "\n".join(re.findall(r"```python\n(.*?)```", section, re.DOTALL))
    (tmp_path / "first.py").write_text(program, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "first.py"], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        "To the Lighthouse by Virginia Woolf",
        "Virginia Woolf 2",
        "To the Lighthouse by Virginia Woolf",
        "Middlemarch by George Eliot",
        "1",
    ]
