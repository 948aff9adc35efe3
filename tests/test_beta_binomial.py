"""The beta-binomial model against its definition and against a general optimiser."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, special, stats

from evidence import Model, pool
from evidence.pooling.beta_binomial import fit_beta_binomial

from .reference_calls import frame

MODEL = Model(method="beta_binomial")


def minus(theta, x, n):
    mean, size = special.expit(theta[0]), np.exp(theta[1])
    return -stats.betabinom.logpmf(x, n, mean * size, (1 - mean) * size).sum()


@pytest.mark.parametrize(
    "name", ["prop_pritz1997", "prop_debruin2009", "edge_prop_mixedzero", "edge_prop_extreme"]
)
def test_a_general_optimiser_finds_nothing_higher(name):
    rows = frame(name)
    x, n = rows["events"].to_numpy(float), rows["total"].to_numpy(float)
    found = fit_beta_binomial(x, n)
    other = optimize.minimize(
        minus, [0.3, 1.0], args=(x, n), method="Nelder-Mead",
        options={"xatol": 1e-9, "fatol": 1e-12, "maxiter": 4000},
    )  # fmt: skip
    assert found.log_likelihood == pytest.approx(-other.fun, abs=1e-8)
    assert found.effect == pytest.approx(other.x[0], abs=1e-6)
    assert found.correlation == pytest.approx(1 / (np.exp(other.x[1]) + 1), abs=1e-6)


def test_standard_error_is_the_curvature():
    rows = frame("prop_pritz1997")
    x, n = rows["events"].to_numpy(float), rows["total"].to_numpy(float)
    found = fit_beta_binomial(x, n)
    best = np.array([found.effect, np.log(1 / found.correlation - 1)])
    h = 1e-4 * np.eye(2)
    hessian = [
        [
            (
                minus(best + a + b, x, n) - minus(best + a - b, x, n)
                - minus(best - a + b, x, n) + minus(best - a - b, x, n)
            ) / 4e-8
            for b in h
        ]
        for a in h
    ]  # fmt: skip
    assert found.se == pytest.approx(np.linalg.inv(hessian)[0, 0] ** 0.5, rel=1e-5)


def test_equal_rates_are_the_boundary():
    answer = pool(frame("edge_prop_homog"), model=MODEL)
    assert answer.likelihood.correlation == 0
    assert answer.estimate == pytest.approx(0.2)
    assert "all equal" in answer.cautions[-1]


def test_rates_are_refused():
    with pytest.raises(ValueError, match="works on proportions"):
        pool(pd.DataFrame({"events": [1, 2], "person_time": [9, 9]}), "rate_log", MODEL)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(1, 200), st.floats(0, 1)).map(lambda t: (round(t[0] * t[1]), t[0])),
        min_size=2, max_size=8,
    )
)  # fmt: skip
def test_every_table_of_counts_has_an_answer(studies):
    events, total = zip(*studies, strict=True)
    answer = pool(pd.DataFrame({"events": events, "total": total}), model=MODEL)
    assert 0 <= answer.interval.low <= answer.estimate <= answer.interval.high <= 1
