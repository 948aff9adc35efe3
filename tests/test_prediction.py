"""Prediction intervals checked in a second way."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from evidence.pooling.chi2_mixture import chi2_mixture_below, quadratic_form_weights
from evidence.pooling.mean import MEAN_INTERVALS
from evidence.pooling.prediction import PREDICTIONS, Evidence
from evidence.pooling.tau2 import TAU2_ESTIMATORS
from evidence.pooling.weighting import fit, intercept

from .reference_calls import column


def test_bootstrap_limits_are_those_of_the_simulation():
    """The drawing that Nagashima et al. (2019) describe, 200 000 times."""
    y, v = column("gen_raudenbush1985", "yi"), column("gen_raudenbush1985", "vi")
    k, rng = len(y), np.random.default_rng(20190601)
    x = intercept(k)
    observed = fit(y, v, 0.0, x).q
    grid = np.append(0.0, np.geomspace(1e-6, 1e4, 1500))
    share = [
        1 - chi2_mixture_below(observed, quadratic_form_weights(1 / v, v + t, x)) for t in grid
    ]
    tau2 = np.interp(rng.random(200_000), share, grid, left=0.0)
    mean = MEAN_INTERVALS["hartung_knapp_plain"](y, v, tau2, 0.95)
    draws = mean.effect + np.sqrt(tau2) * rng.standard_normal(len(tau2))
    draws -= rng.standard_t(k - 1, len(tau2)) * mean.se
    best = TAU2_ESTIMATORS["REML"](y, v, x)
    found = PREDICTIONS["bootstrap"](
        Evidence(y, v, best, MEAN_INTERVALS["wald"](y, v, best, 0.95)), 0.95
    )
    simulated = np.quantile(draws, [0.025, 0.975])
    assert [float(found.low), float(found.high)] == pytest.approx(list(simulated), abs=0.006)


@pytest.mark.parametrize("df", [1, 2, 5, 30])
@pytest.mark.parametrize("p", [1e-4, 0.025, 0.5, 0.975])
def test_chi2_mixture_of_equal_weights_is_chi2(df, p):
    q = stats.chi2.ppf(p, df)
    assert chi2_mixture_below(3 * q, np.full(df, 3.0)) == pytest.approx(p, abs=1e-10)


def test_chi2_mixture_of_unequal_weights_is_the_simulated_one():
    weights = np.array([5.0, 1.0, 0.2, 0.01])
    rng = np.random.default_rng(1)
    draws = rng.chisquare(1, (400_000, 4)) @ weights
    for q in (0.5, 3.0, 20.0):
        assert chi2_mixture_below(q, weights) == pytest.approx(np.mean(draws <= q), abs=0.003)


def test_bootstrap_of_equal_effects_is_an_interval_of_the_mean():
    y, v = np.zeros(4), np.array([0.1, 0.2, 0.3, 0.4])
    mean = MEAN_INTERVALS["wald"](y, v, np.array(0.0), 0.95)
    found = PREDICTIONS["bootstrap"](Evidence(y, v, np.array(0.0), mean), 0.95)
    assert chi2_mixture_below(0.0, v) == 0
    assert found.low == pytest.approx(0, abs=1e-6)
    assert found.high == pytest.approx(0, abs=1e-6)
