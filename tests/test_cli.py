"""The command line as a user meets it: exit codes, texts, files; never a traceback."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest

from evidence.cli import main
from tests.conftest import TOPIC
from tests.editing import cell, edit


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """Exit code, output and error text of one command."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["evidence", *words])
        try:
            main()
            code = 0
        except SystemExit as stop:
            code = int(stop.code or 0)
    out, err = capsys.readouterr()
    return code, out, err


Capture = pytest.CaptureFixture[str]


def test_check_says_what_it_read(capsys: Capture) -> None:
    code, out, err = run(capsys, "check", "--data", str(TOPIC))
    assert (code, err) == (0, "")
    assert [line.split() for line in out.splitlines()][:2] == [
        ["studies.csv", "7", "ok"], ["references.bib", "4", "ok"],
    ]  # fmt: skip


def test_check_lists_problems_and_ends_with_1(capsys: Capture, topic: Path) -> None:
    edit(topic, cell("alder-2001.1", "events", "41"))
    code, out, err = run(capsys, "check", "--data", str(topic))
    assert (code, out) == (1, "")
    assert err == (
        "data/studies.csv: 1 problem\n"
        "  line 2, alder-2001: events (41) must not exceed total (40)\n"
    )


def test_check_as_json(capsys: Capture, topic: Path) -> None:
    edit(topic, cell("alder-2001.1", "events", "41"))
    code, out, _ = run(capsys, "check", "--json", "--data", str(topic))
    found = json.loads(out)
    assert code == 1 and found["valid"] is False
    assert found["problems"][0]["line"] == 2 and found["problems"][0]["study"] == "alder-2001"
    code, out, _ = run(capsys, "check", "--json", "--data", str(TOPIC))
    assert code == 0 and json.loads(out)["entries"]["studies.csv"] == 7


def test_rates(capsys: Capture) -> None:
    code, out, _ = run(capsys, "rates", "leaks", "--data", str(TOPIC))
    assert code == 0
    assert "alder-2001.1 Alder and Schön 2001" in out and "7.5 2.6 19.9" in out


def test_rates_as_json_have_every_digit(capsys: Capture) -> None:
    code, out, _ = run(capsys, "rates", "pleased", "--json", "--data", str(TOPIC))
    (row,) = json.loads(out)
    assert code == 0 and row["estimate"] == 0.96
    assert row["low"] == pytest.approx(0.8045593626380622, rel=1e-15)
    assert row["events"] == 24 and row["exclude_because"] is None


def test_rates_into_a_file(capsys: Capture, tmp_path: Path) -> None:
    target = tmp_path / "rates.csv"
    code, out, _ = run(capsys, "rates", "--out", str(target), "--data", str(TOPIC))
    made = tmp_path / "rates.json"
    assert (code, out) == (0, f"wrote {target}\nwrote {made}\n")
    with target.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    sources = json.loads(made.read_text(encoding="utf-8"))
    assert len(rows) == 6 and [row["row_id"] for row in rows] == [
        row["row_id"] for row in sources["rows"]
    ]
    figures = {one["name"]: one["value"] for one in sources["figures"]}
    assert all(figures[f"{row['row_id']} low"] == float(row["low"]) for row in rows)
    assert sources["model"] == {"interval": "wilson", "level": 0.95}
    assert all(row["source_locator"] and row["sha256"] for row in sources["rows"])


def test_unknown_interval_lists_the_choices(capsys: Capture) -> None:
    code, out, err = run(capsys, "rates", "--interval", "wald", "--data", str(TOPIC))
    assert (code, out) == (1, "")
    assert err.startswith("interval 'wald' is unknown; choose one of: wilson, ")


def test_pool_all_and_one(capsys: Capture) -> None:
    code, out, _ = run(capsys, "pool", "--data", str(TOPIC))
    assert code == 0 and out.count("Method") == 3
    code, out, _ = run(capsys, "pool", "leaks", "--data", str(TOPIC))
    assert code == 0 and out.count("Method") == 1 and "11.3% (95% CI 4.9 to 24.0)" in out


def test_pool_as_json_and_as_table(capsys: Capture, tmp_path: Path) -> None:
    _, out, _ = run(capsys, "pool", "--json", "--data", str(TOPIC))
    found = {row["question"]: row for row in json.loads(out)}
    assert found["leaks"]["k"] == 3 and found["pleased-reed"]["estimate"] is None
    code, *_ = run(capsys, "pool", "--out", str(tmp_path / "o.xlsx"), "--data", str(TOPIC))
    assert code == 0 and (tmp_path / "o.xlsx").stat().st_size > 2000
    sources = json.loads((tmp_path / "o.json").read_text(encoding="utf-8"))
    assert [one["question"] for one in sources] == list(found)


def test_unknown_question(capsys: Capture) -> None:
    code, out, err = run(capsys, "pool", "leak", "--data", str(TOPIC))
    assert (code, out) == (1, "")
    assert err == "question 'leak' is unknown; choose one of: leaks, pleased, pleased-reed\n"


def test_forest_into_a_file(capsys: Capture, tmp_path: Path) -> None:
    target = tmp_path / "leaks.svg"
    code, *_ = run(capsys, "forest", "leaks", "--out", str(target), "--data", str(TOPIC))
    assert code == 0 and "Leaking roofs" in target.read_text(encoding="utf-8")


def test_forest_of_an_unknown_kind(capsys: Capture, tmp_path: Path) -> None:
    target = str(tmp_path / "leaks.gif")
    code, _, err = run(capsys, "forest", "leaks", "--out", target, "--data", str(TOPIC))
    assert code == 1 and ".pdf" in err and ".gif" in err
    code, _, err = run(
        capsys, "forest", "leaks", "--style", "x", "--out", target, "--data", str(TOPIC)
    )
    assert code == 1 and err.startswith("figure style 'x' is unknown; choose one of: default")


def test_dictionary(capsys: Capture, tmp_path: Path) -> None:
    code, out, _ = run(capsys, "dictionary", "--data", str(TOPIC))
    assert code == 0 and "| `leaking-roof` | Leaking roof |" in out
    target = tmp_path / "README.md"
    run(capsys, "dictionary", "--data", str(TOPIC), "--out", str(target))
    assert target.read_text(encoding="utf-8") == out


@pytest.mark.parametrize(
    "words", [("pool", "--bad"), ("nothing",), ("forest", "leaks"), ("rates", "--level", "high")]
)
def test_wrong_usage_ends_with_2(capsys: Capture, words: tuple[str, ...]) -> None:
    code, out, err = run(capsys, *words)
    assert (code, out) == (2, "") and "Error" in err and "Traceback" not in err


@pytest.mark.parametrize(
    "command", ["check", "rates", "pool", "forest", "report", "dictionary", "diff", "accept", "add"]
)
def test_help_has_examples(capsys: Capture, command: str) -> None:
    code, out, _ = run(capsys, command, "--help")
    assert code == 0 and f"Examples:\n    evidence {command}" in out


def test_the_first_help_has_examples_too(capsys: Capture) -> None:
    code, out, _ = run(capsys, "-h")
    assert code == 0 and "Examples:\n    evidence check\n" in out


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; sys.argv = ['evidence', '--help']\n"
        "from evidence.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = {'numpy', 'pandas', 'scipy', 'matplotlib', 'statsmodels', 'jinja2'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_a_reader_that_goes_away_is_no_traceback() -> None:
    command = f"{sys.executable} -m evidence pool --data {TOPIC} | head -n 1"
    done = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, check=True, timeout=60
    )
    assert "Traceback" not in done.stderr and done.stdout.count("\n") == 1
