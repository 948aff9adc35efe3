"""Selection by p-value: published figures, a general optimiser, a simulation, every error path."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from scipy import integrate, optimize, stats

from evidence import SynthesisError
from evidence.sensitivity.selection import (
    STEPS,
    VEVEA_WOODS,
    VEVEA_WOODS_STEPS,
    select,
)
from tests.reference_calls import agree

HACKSHAW = """
1.18 0.90 1.54  1.45 1.02 2.08  2.02 0.48 8.56  1.20 0.80 1.60  0.75 0.43 1.30  2.07 0.81 5.25
2.13 1.19 3.83  0.80 0.34 1.90  0.79 0.25 2.45  2.01 1.09 3.72  1.23 0.81 1.87  1.20 0.50 3.30
1.52 0.87 2.63  1.03 0.41 2.55  1.55 0.90 2.67  1.03 0.61 1.74  2.34 0.81 6.75  1.65 1.16 2.35
1.19 0.82 1.73  1.52 0.39 5.96  2.16 1.08 4.29  1.08 0.64 1.82  2.55 0.74 8.78  1.62 0.90 2.91
1.06 0.74 1.52  0.79 0.62 1.02  0.74 0.32 1.69  2.27 0.75 6.82  0.97 0.78 1.21  1.60 0.80 3.00
1.19 0.66 2.13  1.66 0.73 3.78  1.26 1.04 1.54  1.10 0.62 1.96  1.66 1.12 2.45  1.16 0.80 1.69
1.11 0.67 1.84
"""
"""Odds ratios with 95% intervals of lung cancer after environmental tobacco smoke, 37 studies.

Hackshaw (1998), doi 10.1177/096228029800700203, as in R package metadat (dat.hackshaw1998).
"""
COHEN = (
    (10, 0.68), (20, 0.56), (13, 0.23), (22, 0.64), (28, 0.49), (12, -0.04), (12, 0.49),
    (36, 0.33), (19, 0.58), (12, 0.18), (36, -0.11), (75, 0.27), (33, 0.26), (121, 0.40),
    (37, 0.49), (14, 0.51), (40, 0.40), (16, 0.34), (14, 0.42), (20, 0.16),
)  # fmt: skip
"""Sections and correlations of student ratings with achievement.

Cohen (1981), doi 10.3102/00346543051003281, as in R package metadat (dat.cohen1981).
"""


def hackshaw():
    ratio, low, high = np.array(HACKSHAW.split(), float).reshape(-1, 3).T
    return np.log(ratio), (np.log(high / low) / (2 * stats.norm.ppf(0.975))) ** 2


def test_hackshaw_1998_with_three_steps():
    """Metafor's own test of selmodel(type="stepfun", steps=c(0.05, 0.10, 0.50, 1.00))."""
    found = select(*hackshaw(), (0.05, 0.10, 0.50, 1.0))
    agree(found.weights, (1, 2.422079, 0.977543, 0.396713), 1e-5, "weights")
    errors = [
        weight * np.log(high / low) / (2 * stats.norm.ppf(0.975))
        for weight, (low, high) in zip(found.weights[1:], found.weight_limits, strict=True)
    ]
    agree(errors, [1.66085, 0.820387, 0.469235], 1e-5, "errors")
    agree(found.statistic, 7.066137, 1e-5, "likelihood ratio")
    agree(found.tau2, 0.03071325, 1e-5, "tau2")
    assert found.df == 3
    assert sum(found.counts) == 37 and found.side == "greater"


@pytest.mark.parametrize(
    ("kind", "mean", "tau2"), [("moderate", 0.351894, 0.0045), ("severe", 0.321518, 0.009544)]
)
def test_cohen_1981_with_stated_weights(kind, mean, tau2):
    """Vevea and Woods (2005), as metafor's own test has them."""
    n, r = np.array(COHEN).T
    found = select(np.arctanh(r), 1 / (n - 3), VEVEA_WOODS_STEPS, weights=VEVEA_WOODS[kind])
    agree(found.effect, mean, 1e-5, "mean")
    agree(found.tau2, tau2, 2e-4, "tau2")  # of which four digits are known
    assert found.weight_limits == () and found.df == 0


def written_out(y, v, steps, theta):
    """The log-likelihood study by study, each normalised by numerical integration."""
    mean, tau2, weights = theta[0], theta[1], np.append(1.0, theta[2:])
    total = 0.0
    for one, own in zip(y, v, strict=True):
        law = stats.norm(mean, np.sqrt(own + tau2))

        def weight(x, own=own):
            p = stats.norm.sf(x / np.sqrt(own))
            return weights[np.searchsorted(steps, p)]

        cuts = np.sqrt(own) * stats.norm.isf(steps)
        ends = [-np.inf, *sorted(cuts), np.inf]
        whole = sum(
            integrate.quad(lambda x, w=w, d=law: w(x) * d.pdf(x), low, high)[0]
            for w in (weight,)
            for low, high in pairwise(ends)
        )
        total += np.log(weight(one) * law.pdf(one) / whole)
    return total


SMALL = (
    np.array([0.6, 0.5, 0.7, 0.45, 0.1, 0.0, 0.9, 0.2, 0.35]),
    np.array([4, 3, 6, 2, 2, 3, 9, 5, 7]) / 100,
)


@pytest.mark.parametrize("steps", [(0.025,), (0.05, 0.5)])
def test_the_maximum_of_the_likelihood_written_out(steps):
    """Against a simplex search of the integrals, which knows nothing of our formulas."""
    y, v = SMALL
    if len(steps) == 2:
        y = np.append(y, [-0.1, -0.2, -0.05])
        v = np.append(v, [0.05, 0.06, 0.04])
    found = select(y, v, steps)
    ours = [found.effect, found.tau2, *found.weights[1:]]
    assert found.log_likelihood == pytest.approx(written_out(y, v, steps, ours), rel=1e-7)
    for shift in (*np.eye(len(ours)), *-np.eye(len(ours))):
        near = np.array(ours) + 0.03 * shift
        if near[1] >= 0:
            assert written_out(y, v, steps, near) < found.log_likelihood


def test_a_general_optimiser_finds_the_same():
    y, v = SMALL
    found = select(y, v)
    law = stats.norm

    def depth(theta):
        mean, tau2, weight = theta[0], np.exp(theta[1]), np.exp(theta[2])
        sd = np.sqrt(v + tau2)
        above = law.sf((np.sqrt(v) * law.isf(0.025) - mean) / sd)
        mine = np.where(law.sf(y / np.sqrt(v)) <= 0.025, 1.0, weight)
        return -np.sum(law.logpdf(y, mean, sd) + np.log(mine / (above + weight * (1 - above))))

    best = min(
        (
            optimize.minimize(
                depth, [mean, np.log(tau2), 0.0], method="Nelder-Mead",
                options={"xatol": 1e-10, "fatol": 1e-13, "maxiter": 5000, "maxfev": 5000},
            )
            for mean in (0.0, 0.5) for tau2 in (1e-3, 0.05)
        ),
        key=lambda one: one.fun,
    )  # fmt: skip
    assert found.log_likelihood == pytest.approx(-best.fun, rel=1e-8)
    assert found.effect == pytest.approx(best.x[0], rel=1e-4)
    assert found.weights[1] == pytest.approx(np.exp(best.x[2]), rel=1e-3)


def test_known_weights_come_back_from_many_studies():
    """5000 studies of a mean of 0.2, of those without a finding one in five published."""
    rng = np.random.default_rng(3)
    v = rng.uniform(0.01, 0.2, 20_000)
    y = rng.normal(0.2, np.sqrt(v + 0.03))
    finding = stats.norm.sf(y / np.sqrt(v)) <= 0.025
    seen = finding | (rng.random(len(y)) < 0.2)
    y, v = y[seen][:5000], v[seen][:5000]
    found = select(y, v)
    plain = np.average(y, weights=1 / (v + 0.03))
    assert plain > 0.29  # what is read without a correction
    assert found.low < 0.2 < found.high and found.se < 0.02
    low, high = found.weight_limits[0]
    assert low < 0.2 < high and high - low < 0.1
    assert found.tau2 == pytest.approx(0.03, abs=0.005) and found.p < 1e-10


def test_the_other_direction_is_the_mirror_image():
    y, v = SMALL
    up, down = select(y, v), select(-y, v)
    assert (up.side, down.side) == ("greater", "less")
    assert down.effect == pytest.approx(-up.effect) and down.low == pytest.approx(-up.high)
    assert down.weights == pytest.approx(up.weights)
    other = select(np.append(y, [-0.9, -0.8, -0.7]), np.append(v, [0.04] * 3), side="less")
    assert other.side == "less" and other.counts == (3, 9)


def test_units_do_not_matter():
    y, v = SMALL
    one, many = select(y, v), select(1000 * y, 1e6 * v)
    assert many.effect == pytest.approx(1000 * one.effect, rel=1e-8)
    assert many.tau2 == pytest.approx(1e6 * one.tau2, rel=1e-6, abs=1e-3)
    assert many.statistic == pytest.approx(one.statistic, rel=1e-6, abs=1e-9)


def test_weights_of_one_are_no_selection():
    y, v = SMALL
    found = select(y, v, weights=(1.0, 1.0))
    assert found.effect == pytest.approx(np.average(y, weights=1 / (v + found.tau2)))


def test_too_few_in_an_interval_are_counted():
    y, v = SMALL
    with pytest.raises(SynthesisError, match=r"2 studies with one-sided p from 0.5 to 1; each"):
        select(np.append(y, [-0.1, -0.2]), np.append(v, [0.05, 0.06]), (0.025, 0.5))
    assert select(y, v, (0.025, 0.5), weights=(1.0, 0.8, 0.6)).counts[2] == 0


@pytest.mark.parametrize("steps", [(), (0.0,), (1.0,), (0.5, 0.025), (0.025, 0.025), (1.5,)])
def test_steps_must_rise(steps):
    with pytest.raises(SynthesisError, match="steps must rise between 0 and 1"):
        select(*SMALL, steps)


@pytest.mark.parametrize("weights", [(1.0,), (0.5, 1.0), (1.0, 0.0), (1.0, 0.5, 0.5)])
def test_weights_must_fit_the_steps(weights):
    with pytest.raises(SynthesisError, match="2 weights above 0 are needed, the first of them 1"):
        select(*SMALL, STEPS, weights=weights)


def test_a_side_is_chosen_from_two():
    with pytest.raises(SynthesisError, match="choose one of: greater, less"):
        select(*SMALL, side="up")
