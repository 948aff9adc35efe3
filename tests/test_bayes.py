"""Posteriors by quadrature against brute force, and their corners."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import special, stats

from evidence import Model, pool
from evidence.pooling.bayes import (
    PRIORS,
    count_posterior,
    normal_posterior,
    prior_sensitivity,
    probability_above,
)
from evidence.pooling.families import FAMILIES

from .reference_calls import frame

# Rubin (1981), eight schools: doi 10.3102/10769986006004377
SCHOOLS = np.array([28.0, 8, -3, 7, -1, 1, 18, 12]), np.array([15.0, 10, 16, 11, 9, 11, 10, 18])


def brute(log_like, mean, tau, prior):
    """Posterior quantiles on a plain grid: of the mean, and the posterior mean of tau."""
    density = log_like + prior(tau)[:, None]
    mass = np.exp(density - density.max())
    mass /= mass.sum()
    steps = np.cumsum(mass.sum(0)) - mass.sum(0) / 2
    return np.interp([0.025, 0.5, 0.975], steps, mean), float(mass.sum(1) @ tau)


@pytest.mark.parametrize("prior", PRIORS)
def test_eight_schools_rubin_1981(prior):
    y, se = SCHOOLS
    posterior = normal_posterior(y, se**2, prior, 25.0)
    mean, tau = np.linspace(-60, 80, 2801), (np.arange(6000) + 0.5) * 0.1
    like = np.zeros((len(tau), len(mean)))
    for a, s in zip(y, se, strict=True):
        like += stats.norm.logpdf(mean, a, np.hypot(s, tau)[:, None])
    ends, tau_mean = brute(like, mean, tau, lambda t: PRIORS[prior](t, 25.0))
    ours = [posterior.quantile(p) for p in (0.025, 0.5, 0.975)]
    assert ours == pytest.approx(list(ends), abs=0.01)
    assert float(posterior.mass @ posterior.tau) == pytest.approx(tau_mean, rel=1e-3)


@pytest.mark.parametrize("name", ["prop_pritz1997", "edge_prop_k2", "edge_prop_mixedzero"])
def test_counts_against_a_grid(name):
    rows = frame(name)
    x, n = rows["events"].to_numpy(float), rows["total"].to_numpy(float)
    posterior = count_posterior(x, n, FAMILIES["logit"], ("half_normal", 0.5), 10.0)
    mean, tau = np.linspace(-7, 7, 1401), (np.arange(80) + 0.5) * 0.045
    b = np.linspace(-8, 8, 81)
    weight = np.exp(-b * b / 2)
    like = np.tile(-0.5 * (mean / 10) ** 2, (len(tau), 1))
    for j, t in enumerate(tau):
        eta = mean[:, None] + t * b
        for xi, ni in zip(x, n, strict=True):
            top = special.xlogy(xi, xi / ni) + special.xlogy(ni - xi, 1 - xi / ni)
            inside = np.exp(xi * eta - ni * np.logaddexp(0, eta) - top) @ weight
            like[j] += np.log(np.maximum(inside, 1e-300))
    ends, tau_mean = brute(like, mean, tau, lambda t: PRIORS["half_normal"](t, 0.5))
    ours = [posterior.quantile(p) for p in (0.025, 0.5, 0.975)]
    assert ours == pytest.approx(list(ends), abs=2e-3)
    assert float(posterior.mass @ posterior.tau) == pytest.approx(tau_mean, rel=1e-3)


def test_two_studies_have_an_answer_with_prediction():
    answer = pool(frame("edge_prop_k2"), model=Model(method="bayes_binomial"))
    assert answer.prediction.low < answer.interval.low < answer.estimate < answer.interval.high
    assert any("leans on its half-normal prior" in caution for caution in answer.cautions)


def test_studies_without_events_have_a_proper_posterior():
    answer = pool(frame("edge_prop_allzero"), model=Model(method="bayes_binomial"))
    assert 0 < answer.estimate < answer.interval.high < 0.1


def test_probabilities_are_consistent_with_quantiles():
    answer = pool(frame("prop_pritz1997"), model=Model(method="bayes_binomial"))
    assert probability_above(answer, answer.interval.low) == pytest.approx(0.975, abs=1e-6)
    assert probability_above(answer, answer.prediction.high, new_study=True) == pytest.approx(
        0.025, abs=1e-6
    )


def test_the_prior_scale_matters_least_with_many_studies():
    few, many = (
        prior_sensitivity(frame(name), "proportion_logit", Model(method="bayes_normal"))
        for name in ("edge_prop_k2", "edge_prop_k40")
    )
    assert np.ptp(few["high"]) > 5 * np.ptp(many["high"])
    assert few["high"].is_monotonic_increasing


def test_refusals():
    with pytest.raises(ValueError, match="choose one of: half_normal, half_cauchy"):
        Model(method="bayes_normal", prior="flat")
    with pytest.raises(ValueError, match="prior_scale must be above 0"):
        Model(method="bayes_normal", prior_scale=0.0)
    plain = pool(pd.DataFrame({"events": [1, 2], "total": [9, 9]}))
    with pytest.raises(ValueError, match="needs method bayes_normal"):
        probability_above(plain, 0.1)
    answer = pool(frame("edge_prop_k2"), model=Model(method="bayes_normal"))
    with pytest.raises(ValueError, match="must lie between 0 and 1"):
        probability_above(answer, 1.5)


def test_priors_are_the_densities_they_are_named_after():
    tau = np.array([0.1, 0.7, 3.0])
    for key, named in (("half_normal", stats.halfnorm), ("half_cauchy", stats.halfcauchy)):
        theirs = named.logpdf(tau, scale=0.4)
        ours = PRIORS[key](tau, 0.4)
        assert np.diff(ours) == pytest.approx(np.diff(theirs))


def test_counts_far_from_the_prior_have_an_answer():
    rows = pd.DataFrame(
        {
            "events": [1588, 10, 81412, 507, 20390, 74, 118007, 9],
            "total": [1744, 24609, 96729, 9670, 35857, 2327, 120611, 4196],
        }
    )
    answer = pool(rows, model=Model(method="bayes_binomial", prior_scale=0.1))
    assert 0 < answer.interval.low < answer.estimate < answer.interval.high < 1
