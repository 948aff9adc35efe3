"""The audit's commands as a user meets them: texts, JSON, files, exit codes."""

from __future__ import annotations

import csv
import json
from pathlib import Path

from tests.conftest import TOPIC
from tests.editing import cell, edit
from tests.test_cli import Capture, run


def test_audit_says_what_it_tested(capsys: Capture) -> None:
    code, out, err = run(capsys, "audit", "--data", str(TOPIC))
    assert (code, err) == (0, "")
    assert out.startswith("7 tests:\n")
    assert out.endswith("0 findings must be mended or acknowledged in acknowledged.csv\n")


def test_audit_ends_with_1_when_something_must_be_mended(capsys: Capture, topic: Path) -> None:
    edit(topic, cell("alder-2001.1", "printed_percent", "12.5"))
    code, out, _ = run(capsys, "audit", "--data", str(topic))
    assert code == 1
    assert out.startswith(
        "error    alder-2001.1: 3 of 40 are printed as 12.5%: one of the two is wrong\n"
        "         3/40 = 7.500%; 12.5% of 40 is 5\n"
    )
    (topic / "acknowledged.csv").write_text(
        "subject,check,note,reviewer\nalder-2001.1,percentage,A misprint.,the guild\n"
    )
    code, out, _ = run(capsys, "audit", "--data", str(topic))
    assert code == 0 and "reviewed by the guild: A misprint." in out


def test_audit_of_one_check_with_everything(capsys: Capture) -> None:
    code, out, _ = run(capsys, "audit", "--check", "percentage", "--all", "--data", str(TOPIC))
    assert code == 0 and "ok       birch-2004.1: 0 of 25 are printed as 0%" in out
    code, _, err = run(capsys, "audit", "--check", "luck", "--data", str(TOPIC))
    assert code == 1 and err.startswith("check 'luck' is unknown; choose one of: percentage")


def test_audit_as_json_and_as_a_file(capsys: Capture, topic: Path, tmp_path: Path) -> None:
    edit(topic, cell("alder-2001.1", "printed_percent", "12.5"))
    code, out, _ = run(capsys, "audit", "--json", "--data", str(topic))
    assert code == 1 and json.loads(out)[0]["verdict"] == "contradicts its count"
    target = tmp_path / "audit.csv"
    code, out, _ = run(capsys, "audit", "--out", str(target), "--data", str(topic))
    assert (code, out) == (1, f"wrote {target}\n")
    with target.open(encoding="utf-8") as file:
        assert next(csv.DictReader(file))["subject"] == "alder-2001.1"


def test_claims_says_verdict_sentence_and_headline(capsys: Capture) -> None:
    code, out, err = run(capsys, "claims")
    assert (code, err) == (0, "")
    assert "c048 003_a611bc41d5890e8f.txt: Scans showed a herniation again" in out
    assert "    reports its source faithfully: The cited study has 25 of 108 (23.1%)" in out
    assert out.splitlines()[-1].startswith("Of ")


def test_claims_of_one_verdict(capsys: Capture) -> None:
    code, out, _ = run(capsys, "claims", "--verdict", "drifts from its source", "--json")
    found = json.loads(out)
    assert code == 0 and {one["verdict"] for one in found} == {"drifts from its source"}
    code, _, err = run(capsys, "claims", "--verdict", "wrong")
    assert code == 1 and err.startswith("verdict 'wrong' is unknown; choose one of: reports its")


def test_claims_into_a_file(capsys: Capture, tmp_path: Path) -> None:
    target = tmp_path / "claims.csv"
    assert run(capsys, "claims", "--out", str(target))[:2] == (0, f"wrote {target}\n")
    with target.open(encoding="utf-8") as file:
        assert len(list(csv.DictReader(file))) == 87


def test_explain_names_rows_and_files(capsys: Capture) -> None:
    code, out, err = run(capsys, "explain", "leaks", "--data", str(TOPIC))
    assert (code, err) == (0, "")
    assert "estimate = 0.11327" in out and "from alder-2001.2, birch-2004.1" in out
    code, out, _ = run(capsys, "explain", "leaks", "--json", "--data", str(TOPIC))
    assert code == 0 and json.loads(out)["question"] == "leaks"
    code, _, err = run(capsys, "explain", "leak", "--data", str(TOPIC))
    assert code == 1 and err.startswith("question 'leak' is unknown")


def test_forest_writes_what_made_it_beside_it(capsys: Capture, tmp_path: Path) -> None:
    target = tmp_path / "leaks.svg"
    code, out, _ = run(capsys, "forest", "leaks", "--out", str(target), "--data", str(TOPIC))
    written = [target, tmp_path / "leaks.csv", tmp_path / "leaks.json"]
    assert (code, out) == (0, "".join(f"wrote {path}\n" for path in written))
    assert json.loads((tmp_path / "leaks.json").read_text())["question"] == "leaks"


def test_check_text_verifies_corrects_and_fails(capsys: Capture, tmp_path: Path) -> None:
    text = tmp_path / "article.md"
    text.write_text("Leaks: 12%<!-- {{leaks.estimate}} --> of {{leaks.total}}.\n")
    code, out, err = run(capsys, "check-text", str(text), "--data", str(TOPIC))
    assert (code, err) == (1, "")
    assert out == (
        f"{text}, line 1: 12 must be 11 (leaks.estimate): Leaks: 12% of {{{{leaks.total}}}}.\n"
        f"{text}, line 1: leaks.total is 238\n"
        "2 marked, 1 no longer hold\n"
    )
    code, out, _ = run(capsys, "check-text", str(text), "--out", str(text), "--data", str(TOPIC))
    assert code == 0 and f"wrote {text}" in out
    code, out, _ = run(capsys, "check-text", str(text), "--json", "--data", str(TOPIC))
    assert code == 0 and [one["stale"] for one in json.loads(out)] == [False, False]


def test_check_text_of_a_field_that_is_not_there(capsys: Capture, tmp_path: Path) -> None:
    text = tmp_path / "article.md"
    text.write_text("One.\n{{leaks.mean}}\n")
    code, out, err = run(capsys, "check-text", str(text), "--data", str(TOPIC))
    assert (code, out) == (1, "")
    assert err.startswith(f"{tmp_path.name}/article.md: 1 problem\n  line 2: field 'mean' is unk")
