"""Many meta-analyses in one call against the same meta-analyses one by one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from evidence import Model, pool, pool_many
from evidence.errors import SynthesisError
from evidence.pooling import tau2_intervals
from evidence.pooling.beta_binomial import fit_beta_binomial
from evidence.pooling.families import FAMILIES
from evidence.pooling.glmm_fit import Problem, fit_glmm
from evidence.pooling.glmm_profile import mean_profile, tau_profile
from evidence.pooling.many import COLUMNS
from evidence.pooling.tau2_intervals import TAU2_INTERVALS
from evidence.pooling.weighting import intercept


def tables(m=12, k=7, seed=3):
    """Counts of m meta-analyses: ordinary ones, equal rates, no event, only events."""
    rng = np.random.default_rng(seed)
    n = rng.integers(5, 90, (m, k))
    x = rng.binomial(n, rng.beta(2, 6, (m, k)))
    n[0], x[0] = 50, 10
    x[1], x[2] = 0, n[2]
    x[3, :-1], x[3, -1] = 0, n[3, -1]
    return x, n


def one_by_one(x, n, measure, model):
    size = "total" if measure.startswith("proportion") else "person_time"
    answers = [
        pool(pd.DataFrame({"events": a, size: b}), measure, model).to_frame()
        for a, b in zip(x, n, strict=True)
    ]
    return pd.concat([each[list(COLUMNS)].astype(float) for each in answers], ignore_index=True)


@pytest.mark.parametrize("k", [2, 7])
@pytest.mark.parametrize(
    ("measure", "options"),
    [
        ("proportion_logit", {}),
        ("proportion_logit", {"tau2_interval": "biggerstaff_jackson", "tau2": "PM"}),
        ("proportion_arcsine", {"interval": "kenward_roger", "prediction": "kenward_roger"}),
        ("proportion_logit", {"tau2_interval": "profile_likelihood", "tau2": "DL"}),
        ("rate_log", {"method": "common_effect"}),
        ("rate_log", {"method": "glmm"}),
        ("proportion_logit", {"method": "glmm", "interval": "profile", "prediction": "t_k2"}),
        ("proportion_logit", {"method": "glmm", "link": "probit", "prediction": "normal"}),
        ("proportion_logit", {"method": "beta_binomial"}),
        ("proportion_logit", {"method": "beta_binomial", "interval": "wald"}),
    ],
)
def test_many_are_the_same_as_one_by_one(measure, options, k, monkeypatch):
    if options.get("prediction") == "t_k2" and k == 2:
        options = {**options, "prediction": "matching"}
    monkeypatch.setattr("evidence.pooling.many.AT_ONCE", 5 * k)
    monkeypatch.setattr("evidence.pooling.many.TOGETHER", 5)
    x, n = tables(k=k)
    model = Model(**options)
    ours, theirs = pool_many(x, n, measure, model), one_by_one(x, n, measure, model)
    for name in COLUMNS:
        assert ours[name].to_numpy() == pytest.approx(
            theirs[name].to_numpy(), rel=1e-6, abs=1e-9, nan_ok=True
        ), name


@pytest.mark.parametrize("key", TAU2_INTERVALS)
def test_intervals_of_tau2_take_leading_axes(key):
    rng = np.random.default_rng(1)
    y = rng.normal(0, 1, (3, 4, 9)) * np.array([0.1, 1, 3])[:, None, None]
    v, x = rng.uniform(0.1, 1, (3, 4, 9)), intercept(9)
    low, high = TAU2_INTERVALS[key](y, v, x, 0.95)
    for i in np.ndindex(3, 4):
        alone = [float(end) for end in TAU2_INTERVALS[key](y[i], v[i], x, 0.95)]
        assert (low[i], high[i]) == pytest.approx(alone, rel=1e-9)


def test_likelihood_fits_take_leading_axes():
    x, n = (part[4:].reshape(2, 4, 7).astype(float) for part in tables())
    beta, glmm = fit_beta_binomial(x, n), fit_glmm(Problem(x, n, intercept(7), FAMILIES["logit"]))
    for i in np.ndindex(2, 4):
        alone = fit_beta_binomial(x[i], n[i])
        for name in ("effect", "se", "correlation", "log_likelihood"):
            assert getattr(beta, name)[i] == pytest.approx(getattr(alone, name), rel=1e-9)
        one = fit_glmm(Problem(x[i], n[i], intercept(7), FAMILIES["logit"]))
        for profile in (tau_profile, mean_profile):
            ends = [end[i] for end in profile(glmm, 0.9)]
            assert ends == pytest.approx([float(end) for end in profile(one, 0.9)], rel=1e-7)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"events": [1, 2]}, r"one shape \(meta-analyses, studies\)"),
        ({"events": [[1], [2]], "size": [[9], [9]]}, "two studies or more"),
        ({"events": [[1, 12], [2, 3]]}, r"\(0, 1\): events \(12\) must not exceed total \(9\)"),
        ({"measure": "proportion_freeman_tukey"}, "a way back of its own"),
        ({"model": Model(method="robust")}, "choose one of: inverse_variance, common_effect, glmm"),
        ({"model": Model(prediction="bootstrap")}, "one meta-analysis at a time"),
        ({"model": Model(zero="all_if_any")}, "one meta-analysis at a time"),
        ({"model": Model(method="glmm"), "measure": "proportion_raw"}, "works on counts"),
        ({"model": Model(method="beta_binomial"), "measure": "rate_log"}, "works on proportions"),
    ],
)
def test_refusals(given, message):
    asked = {"events": [[1, 2], [3, 4]], "size": [[9, 9], [9, 9]]} | given
    with pytest.raises(SynthesisError, match=message):
        pool_many(**asked)


def test_no_meta_analysis_is_an_empty_frame():
    assert pool_many(np.empty((0, 3)), np.empty((0, 3))).columns.tolist() == list(COLUMNS)


def test_an_end_that_is_not_found_is_an_error(monkeypatch):
    class Stuck:
        success = np.array([False])

    monkeypatch.setattr(tau2_intervals.elementwise, "find_root", lambda *_, **__: Stuck())
    y, v = np.array([0.0, 1.0, 3.0]), np.array([0.1, 0.1, 0.2])
    with pytest.raises(SynthesisError, match="end of the interval of tau2 was not found"):
        TAU2_INTERVALS["jackson"](y, v, intercept(3), 0.95)
