"""The coverage study: its simulation, its intervals, and that its page is current."""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import integrate, special, stats

from evidence import EvidenceError, Model, coverage_plot, pool
from evidence.coverage import (
    NESTED,
    SCENARIOS,
    Scenario,
    Sets,
    page,
    published,
    run,
    simulate,
    study,
    verdicts,
)
from evidence.coverage.intervals import (
    LABELS,
    LEFT_OUT,
    NESTED_SOURCES,
    NEW,
    SOURCES,
    Limits,
    name_of,
)
from evidence.coverage.page import FAR
from evidence.coverage.simulation import _held, standard_error
from evidence.pooling.options import METHOD_KINDS
from tests.conftest import ROOT

EVENTS = np.array([[3.0, 6, 10, 1], [2, 0, 7, 9], [0, 0, 0, 0]])
TOTAL = np.array([[11.0, 17, 21, 9], [40, 30, 50, 60], [12, 20, 9, 30]])
SETS = Sets(EVENTS, TOTAL, np.arange(4))


@pytest.fixture(scope="module")
def found():
    """Every interval of the three sets, by what it is of and its name."""
    parts = [part for intervals, _ in SOURCES.values() for part in intervals(SETS)]
    return {(part.of, part.name): part for part in parts}


def alone(row, model, measure="proportion_logit"):
    frame = pd.DataFrame(
        {
            "study_id": list("abcd"),
            "events": EVENTS[row].astype(int),
            "total": TOTAL[row].astype(int),
        }
    )
    return pool(frame, measure, model)


def same(part, row, interval):
    ours = float(part.low[row]), float(part.high[row])
    if interval is None:
        return np.isnan(ours).all()
    return ours == pytest.approx((interval.low, interval.high), rel=1e-6, abs=1e-9)


OFFERED = [method for method in METHOD_KINDS if method in LABELS]


@pytest.mark.parametrize("method", [m for m in OFFERED if m not in ("three_level", "robust")])
def test_intervals_are_those_of_pool(found, method):
    kind = METHOD_KINDS[method]
    of = "mean rate" if method == "beta_binomial" else "median rate"
    for row in range(3):
        for option in kind.intervals:
            answer = alone(row, Model(method=method, interval=option))
            assert same(found[of, name_of(method, option)], row, answer.interval), option
            if method == "glmm" and option != "profile":
                part = found["mean rate", name_of(method, option)]
                assert same(part, row, answer.mean_rate_interval)
        for option in kind.predictions:
            if option != "none":
                answer = alone(row, Model(method=method, prediction=option))
                assert same(found[NEW, name_of(method, option)], row, answer.prediction), option


@pytest.mark.parametrize(
    ("name", "measure", "options"),
    [
        ("log odds, DL, wald", "proportion_logit", {"tau2": "DL", "interval": "wald"}),
        ("arcsine, REML, hartung knapp", "proportion_arcsine", {}),
        ("double arcsine, REML, hartung knapp", "proportion_freeman_tukey", {}),
    ],
)
def test_intervals_on_other_scales_are_those_of_pool(found, name, measure, options):
    for row in range(3):
        answer = alone(row, Model(**options), measure)
        assert same(found["median rate", name], row, answer.interval)


def test_intervals_of_cohorts_are_those_of_pool():
    sets = simulate(NESTED[0], 2, np.random.default_rng(2))
    frame = pd.DataFrame(
        {
            "study_id": [str(i) for i in range(15)],
            "cohort": [str(i // 3) for i in range(15)],
            "events": sets.events[1].astype(int),
            "total": sets.total[1].astype(int),
        }
    )
    for method in ("three_level", "robust"):
        label = {"three_level": "three levels", "robust": "cluster-robust"}[method]
        answer = pool(frame, model=Model(method=method))
        for part in NESTED_SOURCES[label][0](sets):
            shown = answer.prediction if part.of == NEW else answer.interval
            assert same(part, 1, shown)
    answer = pool(frame.drop(columns="cohort"))
    interval, prediction = NESTED_SOURCES["rows as studies"][0](sets)
    assert same(interval, 1, answer.interval) and same(prediction, 1, answer.prediction)


def test_simulated_studies_are_what_the_scenario_says():
    scenario = Scenario(20, "20 to 1000 people", 0.1, 0.4)
    sets = simulate(scenario, 500, np.random.default_rng(1))
    events, total = sets.events, sets.total
    assert total.min() >= 20 and total.max() <= 1000 and len(set(sets.cohort)) == 20
    logit = np.log((events + 0.5) / (total - events + 0.5))[total > 400]
    assert np.median(logit) == pytest.approx(np.log(0.1 / 0.9), abs=0.05)
    assert logit.std() == pytest.approx(np.hypot(0.4, 0.12), abs=0.05)


def test_rows_of_a_cohort_are_alike_and_differ_as_much_as_stated():
    scenario = Scenario(20, "20 to 1000 people", 0.4, 0.9, rows=3)
    sets = simulate(scenario, 400, np.random.default_rng(1))
    logit = np.log((sets.events + 0.5) / (sets.total - sets.events + 0.5))
    logit[sets.total < 300] = np.nan
    apart = logit.reshape(400, 20, 3)
    assert sets.cohort.tolist() == sorted([*range(20)] * 3)
    assert np.nanstd(logit) == pytest.approx(scenario.spread, abs=0.05)
    assert np.nanstd(apart[..., 0] - apart[..., 1]) == pytest.approx(0.3 * 2**0.5, abs=0.05)


def test_mean_rate_of_a_scenario():
    scenario = Scenario(5, "20 to 60 people", 0.02, 0.9)

    def density(logit):
        return special.expit(logit) * stats.norm.pdf(logit, special.logit(0.02), 0.9)

    assert scenario.mean_rate == pytest.approx(integrate.quad(density, -15, 10)[0], rel=1e-8)
    assert replace(scenario, tau=0.0).mean_rate == pytest.approx(0.02)


def test_what_an_interval_must_hold():
    low, high = np.array([0.05, 0.11, 0.2]), np.array([0.12, 0.3, 0.4])
    scenario = Scenario(5, "20 to 60 people", 0.1, 0.9)
    assert _held(scenario, "median rate", low, high).tolist() == [1, 0, 0]
    assert 0.11 < scenario.mean_rate < 0.2
    assert _held(scenario, "mean rate", low, high).tolist() == [0, 1, 0]
    ends = (special.logit(np.array([low, high])) - special.logit(0.1)) / 0.9
    share = stats.norm.cdf(ends[1]) - stats.norm.cdf(ends[0])
    assert _held(scenario, NEW, low, high) == pytest.approx(share)
    assert _held(replace(scenario, tau=0.0), NEW, low, high).tolist() == [1, 0, 0]
    rows = replace(scenario, tau=0.0, rows=3)  # rows differ within cohorts too
    assert 0 < _held(rows, NEW, low, high)[0] < 1


def test_standard_errors():
    assert standard_error(np.repeat([0.0, 1.0], [50, 950])) == pytest.approx(0.0069, abs=2e-4)
    assert 0.02 < standard_error(np.ones(50)) < 0.03


def test_the_figures_depend_on_nothing_but_the_scenario():
    some = [Scenario(3, "20 to 60 people", 0.02, 0.0), NESTED[0], SCENARIOS[40]]
    told = []
    one = run(40, told.append, scenarios=some)
    two = run(40, processes=2, scenarios=some)
    pd.testing.assert_frame_equal(one, two, check_exact=True)
    assert told[-1] == "3 of 3 scenarios"
    backward = run(40, scenarios=some[::-1])
    assert backward[backward["rows"] == 3].to_numpy().tolist() == (
        one[one["rows"] == 3].to_numpy().tolist()
    )
    assert one["coverage"].between(0, 1).all() and (one["width"] > 0).all()
    assert (one["given"] <= one["sets"]).all() and (one["error"] > 0).all()


def test_an_interval_that_no_set_gives_has_no_row(monkeypatch):
    blank = np.full(4, np.nan)
    monkeypatch.setattr(
        "evidence.coverage.simulation.SOURCES",
        {"none": (lambda _: [Limits(NEW, "x", blank, blank)], 1)},
    )
    assert study(SCENARIOS[0], 4, np.random.default_rng(3)) == []


def test_without_heterogeneity_the_prediction_covers_the_one_rate():
    rows = study(Scenario(10, "20 to 1000 people", 0.4, 0.0), 60, np.random.default_rng(5))
    found = {row["interval"]: row["coverage"] for row in rows if row["of"] == NEW}
    assert found["GLMM, matching"] > 0.9


@pytest.fixture(scope="module")
def table():
    return published()


def test_the_published_page_is_that_of_the_published_table(table):
    text = (ROOT / "docs" / "coverage.md").read_text(encoding="utf-8")
    assert text == page(table), "run `make coverage`"
    for rows, scenarios in ((1, SCENARIOS), (3, NESTED)):
        own = table[table["rows"] == rows]
        assert len(own[["k", "sizes", "rate", "tau"]].drop_duplicates()) == len(scenarios)


def test_every_interval_of_a_rate_is_published_or_named_with_its_reason(table):
    shown = set(table["interval"])
    for method, kind in METHOD_KINDS.items():
        if method in LEFT_OUT:
            assert f"`{method}`" in (ROOT / "docs" / "coverage.md").read_text(encoding="utf-8")
            continue
        for option in (*kind.intervals, *kind.predictions):
            assert option == "none" or name_of(method, option) in shown, (method, option)


def test_verdicts_count_failures_and_name_the_worst():
    circumstances = {"of": "median rate", "k": [3, 5, 10], "interval": "x", "sets": 400}
    table = pd.DataFrame(
        {**circumstances, "coverage": [0.95, FAR - 0.03, FAR - 0.01], "error": 0.01}
    )
    (row,) = verdicts(table).to_dict("records")
    assert (row["failures"], row["scenarios"], row["k"]) == (1, 3, 5)


def test_coverage_plot(table):
    ax = coverage_plot(table, "new study", title="Coverage")
    own = table[(table["of"] == "new study") & (table["rows"] == 1)]
    dots = [len(part.get_offsets()) for part in ax.collections if len(part.get_offsets()) > 1]
    assert sum(dots[:2]) == len(own) and dots[-1] == own["interval"].nunique()
    assert [text.get_text() for text in ax.get_yticklabels()] == own["interval"].unique().tolist()
    means = own.groupby("interval", sort=False)["coverage"].mean()
    assert ax.collections[-1].get_offsets()[:, 0].tolist() == pytest.approx(
        means.clip(0.5).tolist()
    )
    worst = own.loc[own["coverage"].idxmin(), "interval"]
    assert f"{100 * own['coverage'].min():.1f}%: {worst}." in ax.get_label()


def test_coverage_plot_refusals(table):
    with pytest.raises(ValueError, match="choose one of: median rate, mean rate, new study"):
        coverage_plot(table, "tau2")
    with pytest.raises(ValueError, match="no intervals of the mean rate; run the coverage study"):
        coverage_plot(table[table["of"] == NEW], "mean rate")


def test_a_study_that_was_not_run_is_asked_for(monkeypatch, tmp_path):
    monkeypatch.setattr(sys.modules[published.__module__], "PUBLISHED", tmp_path / "coverage.csv")
    with pytest.raises(EvidenceError, match="`make coverage` writes it"):
        published()
