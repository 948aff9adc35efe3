"""Several rows of one cohort: refused, chosen from, or modelled."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, stats

from evidence import Model, pool, variance_components
from evidence.pooling.clustered import cr2, fit_three_level
from evidence.pooling.dependence import one_row_per_cohort
from evidence.pooling.tau2 import TAU2_ESTIMATORS
from evidence.pooling.variance_components import profile_limits
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


def test_variance_profiles_of_konstantopoulos_2011():
    """Limits that metafor prints, in its own tests of `confint()` of this model."""
    y, v, clusters = data()
    best = fit_three_level(y, v, clusters)
    found = [profile_limits(y, v, clusters, j, level=0.95, best=best) for j in (0, 1)]
    assert np.round(found, 4).tolist() == [[0.0222, 0.2072], [0.0163, 0.0628]]


def restricted_by_cholesky(y, v, same, between, within):
    """The restricted log-likelihood up to a constant, computed in another way."""
    root = np.linalg.cholesky(np.diag(v + within) + between * same)
    effects, ones = np.linalg.solve(root, np.stack([y, np.ones_like(y)], axis=1)).T
    precision = ones @ ones
    residual = effects - ones * (ones @ effects) / precision
    return -(2 * np.log(np.diag(root)).sum() + residual @ residual + np.log(precision)) / 2


TWO_RISES = (  # made up: given one variance, the likelihood has two maxima in the other
    [-0.34, 5.38, 1.88, 1.13, 1.83, 1.22, -0.27, -2.52, -3.16, -2.83],
    [1.31, 1.65, 0.28, 0.46, 0.68, 0.52, 3.49, 11.74, 0.17, 0.06],
    [0, 1, 2, 2, 2, 2, 3, 3, 4, 4],
)
UNRULY = (  # made up: Fisher scoring never settles on the maximum
    [-1.2, -0.62, 0.26, -1.24, -1.91, 0.91, 0.41, -0.48, -2.27, 0.21],
    [1.45, 7.95, 1.06, 0.95, 1.66, 0.04, 0.37, 0.04, 3.92, 0.18],
    [0, 0, 1, 1, 1, 2, 2, 2, 3, 3],
)


def test_three_levels_settle_where_fisher_scoring_swings():
    y, v, clusters = (np.array(part) for part in UNRULY)
    found = fit_three_level(y, v, clusters)
    same = (clusters[:, None] == clusters[None, :]).astype(float)
    near = optimize.minimize(
        lambda t: -restricted_by_cholesky(y, v, same, *np.exp(t)),
        np.log([found.between, found.within]) + 0.3,
        method="Nelder-Mead",
        options={"xatol": 1e-9, "fatol": 1e-13},
    )
    assert [found.between, found.within] == pytest.approx(np.exp(near.x), rel=1e-5)


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("level", [0.8, 0.999])
@pytest.mark.parametrize("rows", ["published", "two rises"])
def test_variance_profiles_have_fallen_by_the_chi_square_quantile(rows, which, level):
    """At each limit the likelihood, highest over the other variance, by an independent search."""
    y, v, clusters = data() if rows == "published" else map(np.array, TWO_RISES)
    y, v, clusters = y[:24], v[:24], clusters[:24]
    same = (clusters[:, None] == clusters[None, :]).astype(float)
    best = fit_three_level(y, v, clusters)
    low, high = profile_limits(y, v, clusters, which, level=level, best=best)
    top = restricted_by_cholesky(y, v, same, best.between, best.within)

    def highest(value):
        others = np.append(0.0, np.exp(np.linspace(-12, 5, 80)))
        pair = [(value, o) if which == 0 else (o, value) for o in others]
        coarse = [restricted_by_cholesky(y, v, same, *one) for one in pair]
        near = int(np.argmax(coarse))
        ends = others[max(near - 1, 0)], others[min(near + 1, len(others) - 1)]
        fine = optimize.minimize_scalar(
            lambda o: (
                -restricted_by_cholesky(y, v, same, *((value, o) if which == 0 else (o, value)))
            ),
            bounds=ends,
            method="bounded",
            options={"xatol": 1e-9},
        )
        return max(-fine.fun, coarse[near])

    drop = stats.chi2.ppf(level, 1) / 2
    assert top - highest(high) == pytest.approx(drop, abs=1e-6)
    if low > 0:
        assert top - highest(low) == pytest.approx(drop, abs=1e-6)
    else:
        assert top - highest(0.0) <= drop


def test_variance_components_of_an_answer():
    answer = pool(ROWS, model=Model(method="three_level", level=0.9))
    found = variance_components(answer)
    assert found.index.tolist() == ["between cohorts", "within cohorts"]
    y, v = (answer.studies[name].to_numpy(float) for name in ("effect", "variance"))
    clusters = pd.factorize(answer.studies["cohort"])[0]
    best = fit_three_level(y, v, clusters)
    assert found["variance"].tolist() == pytest.approx([best.between, best.within])
    for j in (0, 1):
        limits = profile_limits(y, v, clusters, j, level=0.9, best=best)
        assert (found["low"].iloc[j], found["high"].iloc[j]) == limits
    assert (found["low"] <= found["variance"]).all() and (found["variance"] < found["high"]).all()


def test_without_shared_cohorts_each_variance_may_be_all_of_tau2():
    answer = pool(ROWS.assign(cohort=list("uvwxyz")), model=Model(method="three_level"))
    alone = pool(ROWS.drop(columns="cohort"), model=Model(tau2_interval="profile_likelihood"))
    found = variance_components(answer)
    high = alone.heterogeneity.tau2_interval.high
    assert found["high"].tolist() == pytest.approx([high, high], rel=1e-6)
    assert found["low"].tolist() == [0, 0]


def test_refusals_of_variance_components(monkeypatch):
    with pytest.raises(ValueError, match="those of a pooled three_level answer"):
        variance_components(pool(ROWS, model=Model(method="robust")))
    with pytest.raises(ValueError, match="those of a pooled three_level answer"):
        variance_components(pool(ROWS.iloc[:1], model=Model(method="three_level")))
    answer = pool(ROWS, model=Model(method="three_level"))
    monkeypatch.setattr("evidence.pooling.variance_components.chi_square_drop", lambda _: 1e6)
    with pytest.raises(ValueError, match="never falls; check the variances of the rows"):
        variance_components(answer)
