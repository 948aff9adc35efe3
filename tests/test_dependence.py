"""Several rows of one cohort: refused, chosen from, or modelled."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from evidence import Model, pool
from evidence.pooling.clustered import cr2, fit_three_level
from evidence.pooling.dependence import one_row_per_cohort
from evidence.pooling.tau2 import TAU2_ESTIMATORS
from evidence.pooling.weighting import intercept

from .reference_calls import agree, calls, column, frame, load

NAME = "gen_konstantopoulos2011"


def data():
    y, v = column(NAME, "yi"), column(NAME, "vi")
    return y, v, pd.factorize(column(NAME, "district"))[0]


@pytest.mark.parametrize("method", ["REML", "ML"])
def test_konstantopoulos_2011_three_levels(method):
    """School calendars, districts and schools: table 5 of doi 10.1002/jrsm.35."""
    (theirs,) = [
        c["result"] for n, _, c in calls("rma.mv", method=method) if n == NAME and "test" not in c
    ]
    found = fit_three_level(*data(), restricted=method == "REML")
    agree(found.effect, theirs["beta"][0], 1e-6)
    agree(found.se, theirs["se"][0], 1e-6)
    agree([found.between, found.within], theirs["sigma2"], 1e-5)
    agree(found.log_likelihood, theirs["ll"], 1e-6)


def test_cluster_robust_cr2():
    (theirs,) = [c["result"] for n, _, c in calls("robust", type="CR2") if n == NAME]
    y, v, clusters = data()
    tau2 = float(TAU2_ESTIMATORS["REML"](y, v, intercept(len(y))))
    found = cr2(y, v + tau2, clusters)
    agree(found.effect, theirs["beta"][0], 1e-6)
    agree(found.se, theirs["se"][0], 1e-6)
    agree(found.df, theirs["ddf"], 1e-6)


def test_cluster_robust_cr2_of_odds_ratios():
    """BCG vaccine, clustered by how people were allocated: three clusters."""
    theirs = next(
        c["result"] for n, _, c in calls("robust") if n == "bin_bcg" and "clubSandwich" in c["call"]
    )
    rows = frame("bin_bcg").assign(cohort=load("bin_bcg")["data"]["alloc"])
    found = pool(rows, "odds_ratio", Model(method="robust"))
    agree(found.effect, theirs["beta"][0], 1e-6)
    agree(found.se, theirs["se"][0], 1e-6)
    limits = np.log([found.interval.low, found.interval.high])
    agree(limits, [theirs["ci_lb"][0], theirs["ci_ub"][0]], 1e-6)


def test_cr2_of_one_row_per_cluster_has_no_bias_under_its_model():
    """With every row its own cluster, the expected squared standard error is the variance."""
    rng = np.random.default_rng(3)
    total = np.array([0.2, 0.5, 1.0, 2.0, 0.3])
    draws = [cr2(rng.normal(0, total**0.5), total, np.arange(5)).se ** 2 for _ in range(20_000)]
    assert np.mean(draws) == pytest.approx(1 / (1 / total).sum(), rel=0.03)


def test_three_levels_without_shared_cohorts_are_two():
    y, v = column("gen_raudenbush1985", "yi"), column("gen_raudenbush1985", "vi")
    found = fit_three_level(y, v, np.arange(len(y)))
    tau2 = float(TAU2_ESTIMATORS["REML"](y, v, intercept(len(y))))
    assert found.between + found.within == pytest.approx(tau2, rel=1e-5)


ROWS = pd.DataFrame(
    {
        "study_id": ["a", "b", "c", "d", "e", "f"],
        "cohort": ["x", "x", "y", "z", "w", "w"],
        "events": [3, 4, 10, 1, 7, 6],
        "total": [30, 50, 60, 20, 40, 40],
    }
)


@pytest.mark.parametrize("method", ["inverse_variance", "common_effect", "glmm", "bayes_normal"])
def test_rows_of_one_cohort_are_refused(method):
    with pytest.raises(ValueError, match=r"x: a, b\n  w: e, f\nchoose one_row_per_cohort"):
        pool(ROWS, model=Model(method=method))


def test_one_row_per_cohort():
    assert one_row_per_cohort(ROWS)["study_id"].tolist() == ["b", "c", "d", "e"]
    assert one_row_per_cohort(ROWS, "first")["study_id"].tolist() == ["a", "c", "d", "e"]
    assert pool(one_row_per_cohort(ROWS)).k == 4
    blank = ROWS.assign(cohort=[None, None, "y", "z", "w", "w"])
    assert one_row_per_cohort(blank)["study_id"].tolist() == ["a", "b", "c", "d", "e"]


@pytest.mark.parametrize("method", ["three_level", "robust"])
def test_methods_for_dependent_rows(method):
    answer = pool(ROWS, model=Model(method=method))
    assert answer.interval.low < answer.estimate < answer.interval.high
    assert answer.studies["weight"].sum() == pytest.approx(1)
    assert answer.k == 6


@pytest.mark.parametrize("method", ["three_level", "robust"])
def test_refusals_of_methods_for_dependent_rows(method):
    model = Model(method=method)
    with pytest.raises(ValueError, match="needs a column `cohort`"):
        pool(ROWS.drop(columns="cohort"), model=model)
    with pytest.raises(ValueError, match="cohort is missing for a"):
        pool(ROWS.assign(cohort=[None, "x", "y", "z", "w", "w"]), model=model)
    with pytest.raises(ValueError, match="all rows come from one cohort"):
        pool(ROWS.assign(cohort="x"), model=model)


def test_refusals_of_one_row_per_cohort():
    with pytest.raises(ValueError, match="choose one of: largest, first"):
        one_row_per_cohort(ROWS, "smallest")
    with pytest.raises(ValueError, match="no column `cohort`"):
        one_row_per_cohort(ROWS.drop(columns="cohort"))
    with pytest.raises(ValueError, match="needs a column `total`"):
        one_row_per_cohort(ROWS.drop(columns="total"))


def test_prediction_of_three_levels_covers_both_variances():
    answer = pool(ROWS, model=Model(method="three_level"))
    y = answer.studies["effect"].to_numpy(float)
    v = answer.studies["variance"].to_numpy(float)
    found = fit_three_level(y, v, pd.factorize(answer.studies["cohort"])[0])
    t = stats.t.ppf(0.975, 3)
    spread = (found.se**2 + found.between + found.within) ** 0.5
    ends = found.effect + np.array([-t, t]) * spread
    link = answer.measure.scale.link
    ours = link(np.array([answer.prediction.low, answer.prediction.high]))
    assert ours == pytest.approx(ends)
    assert np.diff(link(np.array([answer.interval.low, answer.interval.high])))[0] == (
        pytest.approx(2 * t * found.se)
    )
