"""The feature checklist and the marks that name its rows."""

from __future__ import annotations

import re

from tests import features


def test_every_line_that_looks_like_a_row_is_read_once():
    text = features.CHECKLIST.read_text(encoding="utf-8")
    ids = re.findall(r"^- ([A-Z]+-\d+) ", text, re.MULTILINE)
    assert len(ids) == len(set(ids)) == len(features.load_rows()) > 1000


def test_a_row_knows_its_mark_and_section():
    row = features.load_rows()["Q-041"]
    assert row.mark == "D"
    assert row.section == "2. Making queries"


def test_the_report_counts_rows_without_a_test():
    rows = {row.id: row for row in features.read_rows("## 1. One\n- A-001 [S] first\n- A-002 second\n")}
    lines = "\n".join(features.report(rows, {"A-001": ["t"]}, None, summary=False))
    assert "1. One: 1 of 2 rows have no test" in lines
    assert "A-002" in lines
    assert "A-001" not in lines


def test_an_unknown_id_names_the_nearest_row():
    message = features.unknown_id("Q-41", features.load_rows())
    assert message.startswith("'Q-41' is no row of docs/features.md. Did you mean")
