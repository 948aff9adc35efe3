"""`evidence sensitivity`, and the register that it runs."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest
from click.testing import CliRunner

from evidence import EvidenceError, Model, SynthesisError, answer, load, pool
from evidence.cli import cli
from evidence.report.sturdy import sturdy
from evidence.sensitivity.influence import leave_one_out
from evidence.sensitivity.register import CHECKS, sturdiness
from tests.conftest import TOPIC
from tests.reference_calls import frame


def run(*words):
    return CliRunner().invoke(cli, ["sensitivity", *words, "--data", str(TOPIC)])


def test_every_check_of_the_register_judges_by_a_rule():
    tables = load(TOPIC)
    found = sturdiness(answer("leaks", tables), tables)
    assert list(found) == list(CHECKS)
    for name, check in found.items():
        assert check.name == name
        assert re.match(r"(Held|Did not hold|No verdict): \w", check.verdict), check.verdict
        assert check.text and str(check).startswith(name.replace("_", " ").capitalize())


def test_the_command_prints_or_gives_json():
    plain = run("leaks", "--check", "leave_one_out")
    assert plain.exit_code == 0 and plain.output.startswith("Leave one out\n")
    parts = json.loads(run("leaks", "--json").output)
    assert [part["name"] for part in parts] == list(CHECKS)
    assert len(parts[0]["table"]) == 3


def comparison(rows="bin_bcg", key="risk_ratio"):
    """A question of the topic with another answer in place of its own."""
    tables = load(TOPIC)
    found = answer("leaks", tables)
    studies = frame(rows).assign(label=frame(rows)["study_id"])
    return replace(found, synthesis=pool(studies, key), sensitivity={}), tables


@pytest.mark.parametrize(
    ("rows", "key"),
    [("bin_bcg", "risk_ratio"), ("rate2_nielweise2008", "rate_ratio"),
     ("cont_curtis1998", "standardised_difference"), ("prepost_made", "mean_change")],
)  # fmt: skip
def test_every_check_of_a_comparison_or_a_score_has_its_verdict(rows, key):
    found, tables = comparison(rows, key)
    checks = sturdiness(found, tables)
    assert list(checks) == list(CHECKS)
    for check in checks.values():
        assert re.match(r"(Held|Did not hold|No verdict): \w", check.verdict), check.verdict
        assert check.scale is found.synthesis.measure.scale and str(check)
    by_year = checks["cumulative"].table["by"].unique().tolist()
    assert by_year == ["size", "precision"]


def test_a_check_that_cannot_be_made_is_refused_in_its_verdict_or_when_asked_for_by_name():
    found, tables = comparison()
    nothing = pool(found.synthesis.studies.head(0), "risk_ratio")
    found = replace(found, sensitivity={"strict": nothing})
    said = "the inclusion rule 'strict' leaves 0 of 13 studies; mend or drop it"
    verdict = sturdiness(found, tables)["multiverse"].verdict
    assert verdict == f"No verdict: refused, because {said}"
    with pytest.raises(SynthesisError, match=f"question 'leaks': {said}"):
        sturdiness(found, tables, "multiverse")


def test_estimates_of_a_check_are_printed_on_the_scale_of_the_answer():
    found, tables = comparison()
    ratio = str(sturdiness(found, tables, "leave_one_out")["leave_one_out"])
    assert re.search(r"study-0 .* 12 +0\.49 +0\.32 +0\.76", ratio), ratio
    rows = frame("rate1_nielweise2008")
    rates = str(leave_one_out(pool(rows, "rate_log", Model(method="glmm"))))
    whole = pool(rows, "rate_log", Model(method="glmm")).estimate
    assert f" {1000 * whole:.0f}." in rates


def test_the_page_shows_the_checks_of_a_comparison():
    found, tables = comparison()
    shown = sturdy(found, tables)
    assert list(shown.checks) == list(CHECKS)
    assert {"leave_one_out", "small_study", "multiverse", "fragility"} <= set(shown.figures)
    assert "Contour-enhanced funnel plot" in shown.figures["small_study"].get_label()
    tabled = {one["name"]: one["table"] for one in shown.shown("bcg") if one["table"]}
    assert set(tabled) == {"Small-study effects", "Imprecision"}
    header, *rows = tabled["Small-study effects"]
    assert "source" not in header and "note" not in header, "what is blank or long is left out"
    assert len(rows) == len(shown.checks["small_study"].table)
    assert {len(row) for row in rows} == {len(header)} and "nan" not in str(rows)
    few, tables = comparison("rate2_nielweise2008", "rate_ratio")
    assert "small_study" not in sturdy(few, tables).figures, "refused, so nothing to draw"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["pleased-reed"], "question 'pleased-reed': .* needs at least 3 studies; .* has 0"),
        (["leaks", "--check", "no"], "check 'no' is unknown; choose one of: leave_one_out"),
        (["nothing"], "question 'nothing' is unknown"),
    ],
)
def test_what_cannot_be_checked_is_named_with_its_count(words, said):
    done = run(*words)
    assert isinstance(done.exception, SynthesisError)
    assert re.search(said, str(done.exception))


def test_figures_are_written_with_their_tables_where_a_check_found_any(tmp_path):
    done = run("leaks", "--check", "leave_one_out", "--check", "risk_of_bias",
               "--figures", str(tmp_path))  # fmt: skip
    assert done.exit_code == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "leaks-leave-one-out.csv", "leaks-leave-one-out.svg",
    ]  # fmt: skip
    svg = (tmp_path / "leaks-leave-one-out.svg").read_text(encoding="utf-8")
    assert "leaks" in svg and load(TOPIC).fingerprint[:12] in svg
    missing = run("leaks", "--figures", str(tmp_path / "no"))
    assert isinstance(missing.exception, EvidenceError)


def test_judged_studies_are_drawn_twice(topic, tmp_path):
    text = (topic / "studies.csv").read_text(encoding="utf-8").splitlines()
    rows = [f"{text[0]},jbi_frame", *(f"{line},yes" for line in text[1:])]
    (topic / "studies.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    words = ["sensitivity", "leaks", "--check", "risk_of_bias", "--figures", str(tmp_path)]
    done = CliRunner().invoke(cli, [*words, "--data", str(topic)])
    assert done.output.startswith("Risk of bias\nHeld: keeping only the studies that pass a rule")
    names = {path.name for path in tmp_path.glob("*.svg")}
    assert names == {"leaks-risk-of-bias.svg", "leaks-risk-of-bias-summary.svg"}


def test_small_study_figures_need_to_be_asked_for(tmp_path):
    words = ("leaks", "--check", "adjusted", "--figures", str(tmp_path))
    assert run(*words).exit_code == 0 and not list(tmp_path.iterdir())
    run(*words, "--few-anyway")
    assert (tmp_path / "leaks-adjusted.svg").exists()
