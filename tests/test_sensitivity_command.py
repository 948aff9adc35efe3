"""`evidence sensitivity`, and the register that it runs."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest
from click.testing import CliRunner

from evidence import Model, SynthesisError, answer, load, pool
from evidence.cli import cli
from evidence.report.page import _checks
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
    for name, check in checks.items():
        assert re.match(r"(Held|Did not hold|No verdict): \w", check.verdict), check.verdict
        assert check.scale is found.synthesis.measure.scale and str(check)
        assert "refused, because multiverse" in check.verdict if name == "multiverse" else True
    by_year = checks["cumulative"].table["by"].unique().tolist()
    assert by_year == ["size", "precision"]


def test_a_check_without_meaning_is_refused_when_asked_for_by_name():
    found, tables = comparison()
    said = r"question 'leaks': multiverse is about rates; this answer is a risk ratio of 13 studies"
    with pytest.raises(SynthesisError, match=said):
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
    shown = {one["name"]: one for one in _checks(found, tables)}
    assert list(shown) == [name.replace("_", " ").capitalize() for name in CHECKS]
    drawn = [name for name, one in shown.items() if one["figure"]]
    assert drawn == ["Leave one out", "Small study"]
    assert "Contour-enhanced funnel plot" in str(shown["Small study"]["figure"])
    few, tables = comparison("rate2_nielweise2008", "rate_ratio")
    assert not {one["name"]: one for one in _checks(few, tables)}["Small study"]["figure"]


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
