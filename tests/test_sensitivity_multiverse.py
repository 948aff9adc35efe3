"""The multiverse: its list of analyses, its figures, its conclusion and what moves it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from evidence import Model, SynthesisError, pool
from evidence.sensitivity.check import Stated
from evidence.sensitivity.multiverse import AS_STATED, evaluate, multiverse, what_matters
from evidence.sensitivity.specifications import SCALES, STANDINGS, specifications

FRAME = pd.DataFrame(
    {
        "study_id": list("abcdef"), "events": [3, 6, 10, 0, 7, 2],
        "total": [11, 17, 21, 9, 50, 40],
    }
)  # fmt: skip
GLMM = Model(method="glmm")


@pytest.mark.parametrize("zeros", [True, False])
@pytest.mark.parametrize("measure", ["proportion_logit", "rate_log"])
def test_every_figure_is_that_of_pool(measure, zeros):
    frame = FRAME if zeros else FRAME.assign(events=[3, 6, 10, 1, 7, 2])
    if measure == "rate_log":
        frame = frame.rename(columns={"total": "person_time"})
    specs = specifications(measure, GLMM, zeros)
    table = evaluate(frame, specs)[0]
    assert len(table) == len(specs)
    for row, spec in zip(table.itertuples(), specs, strict=True):
        found = pool(frame, spec.measure, spec.model)
        ours = (row.estimate, row.low, row.high)
        theirs = (found.estimate, found.interval.low, found.interval.high)
        assert ours == pytest.approx(theirs, rel=1e-8, abs=1e-12), spec


@pytest.mark.parametrize(
    "events", [[0] * 6, [11, 17, 21, 9, 50, 40], [0, 17, 21, 0, 50, 40]], ids=["none", "all", "mix"]
)
def test_counts_at_a_bound_still_have_every_specification(events):
    frame = FRAME.assign(events=events)
    specs = specifications("proportion_logit", GLMM)
    table = evaluate(frame, specs)[0]
    assert table[["estimate", "low", "high"]].notna().all().all()
    assert ((table["low"] <= table["estimate"]) & (table["estimate"] <= table["high"])).all()


def test_the_stated_analysis_comes_first_and_once():
    for model in (GLMM, Model(), Model(tau2="SJ"), Model(method="glmm", interval="profile")):
        specs = specifications("proportion_logit", model)
        standings = [one.standing for one in specs]
        assert standings[0] == "primary" and standings.count("primary") == 1
        assert specs[0].model == model
        assert len({(one.measure, one.model) for one in specs}) == len(specs)


def test_every_choice_has_a_standing_and_a_source():
    specs = specifications("proportion_logit", GLMM)
    assert {one.standing for one in specs} == set(STANDINGS)
    assert all("doi" in one.source for one in specs[1:])
    for one in specs[1:]:
        if one.scale in ("raw", "double arcsine") or one.tau2 == "DerSimonian-Laird":
            assert one.standing == "discouraged"
    assert not [one for one in specs if one.interval == "Kenward-Roger" and one.tau2 != "REML"]


def test_a_measure_without_a_list_is_refused():
    with pytest.raises(SynthesisError, match="has no list of defensible analyses"):
        specifications("odds_ratio", GLMM)
    from evidence.measures.measure import MEASURES

    rates = {key for key, one in MEASURES.items() if one.kind == "rate"}
    assert rates == set(SCALES)


def answer(events=(3, 6, 10, 1, 7, 2), model=GLMM, rows=slice(None)):
    return pool(FRAME.assign(events=list(events))[rows], model=model)


def test_the_conclusion_is_the_stated_one():
    whole = answer()
    plain = multiverse(whole)
    assert "inside the interval of the stated analysis" in plain.verdict
    assert plain.table["holds"].all() and plain.verdict.startswith("Held")
    near = multiverse(whole, Stated(change=1e-6))
    assert near.verdict.startswith("Did not hold") and near.table["holds"].iloc[0]
    above = multiverse(whole, Stated(threshold=0.01))
    assert "lies above the threshold of 1.0%" in above.verdict and above.table["holds"].all()
    inside = multiverse(whole, Stated(threshold=float(whole.estimate)))
    assert "includes the threshold" in inside.verdict


def test_inclusion_rules_are_sets_of_rows():
    whole = answer()
    stated = Stated(
        restrictions={
            "other model": answer(model=Model()),
            "first four": answer(rows=slice(0, 4)),
            "one": answer(rows=slice(0, 1)),
        }
    )
    found = multiverse(whole, stated)
    assert set(found.table["rows"]) == {AS_STATED, "first four"}
    assert (found.table["standing"] == "primary").sum() == 1
    assert "Not run: one (leaves 1 of 6 studies, too few to pool)." in found.text
    first = found.table[found.table["rows"] == "first four"].iloc[0]
    assert first["estimate"] == pytest.approx(answer(rows=slice(0, 4)).estimate)
    assert first["source"] == "inclusion rule stated beforehand"


def test_a_rule_that_leaves_none_is_named_with_the_count():
    with pytest.raises(SynthesisError, match="rule 'none' leaves 0 of 6 studies"):
        multiverse(answer(), Stated(restrictions={"none": pool(FRAME.head(0))}))
    with pytest.raises(SynthesisError, match="at least 3 studies; this answer has 2"):
        multiverse(answer(rows=slice(0, 2)))


def test_what_matters_most_is_the_choice_that_moves_the_estimate():
    table = pd.DataFrame(
        {
            "rows": ["a", "a", "b", "b"], "method": ["x", "y"] * 2, "scale": ["s"] * 4,
            "tau2": ["t"] * 4, "interval": ["i"] * 4, "zero": ["z"] * 4,
            "estimate": [0.1, 0.12, 0.3, 0.32], "low": [0.0] * 4, "high": [0.5, 0.6, 0.5, 0.6],
        }
    )  # fmt: skip
    found = what_matters(table).set_index("choice")
    assert found.index[0] == "rows"
    assert found.loc["rows", "estimate"] == pytest.approx(0.01 / (0.01 + 0.0001))
    assert found.loc["method", "high"] == pytest.approx(1.0) and found.loc["rows", "low"] == 0
    assert np.all(found[["estimate", "low", "high"]] <= 1 + 1e-12)


def test_a_threshold_divides_the_specifications():
    whole = answer()
    line = whole.interval.low * 1.02
    found = multiverse(whole, Stated(threshold=line))
    above, below = found.table["low"] > line, found.table["high"] < line
    assert found.table["holds"].tolist() == (~above & ~below).tolist()
    assert 0 < found.table["holds"].mean() < 1
