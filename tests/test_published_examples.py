"""One published worked example per method, named after it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from evidence import Model, pool, study_rates
from evidence.pooling.mean import MEAN_INTERVALS
from evidence.pooling.prediction import PREDICTIONS, Evidence
from evidence.pooling.tau2 import TAU2_ESTIMATORS
from evidence.pooling.weighting import intercept

from .reference_calls import column, frame

# DerSimonian and Kacker (2007), doi 10.1016/j.cct.2006.04.004, tables 3 and 4
CLASP = {
    "events": ([5, 5, 12, 69, 9, 313], [8, 17, 9, 94, 11, 352]),
    "total": ([156, 303, 565, 1570, 103, 4659], [74, 303, 477, 1565, 105, 4650]),
}
CLASP_ANSWERS = {  # tau, mean, standard error; ML is 0.0023 there, short of its maximum at 0
    "PM": (0.3681, -0.3811, 0.2060), "HE": (0.4410, -0.4035, 0.2327),
    "DL": (0.2323, -0.3240, 0.1540), "DL2": (0.3254, -0.3655, 0.1901),
    "EB": (0.3681, -0.3811, 0.2060), "ML": (0.0, -0.1973, 0.0694),
    "REML": (0.1843, -0.2980, 0.1343), "HS": (0.1330, -0.2666, 0.1125),
    "SJ": (0.4572, -0.4079, 0.2386), "DLIT": (0.3681, -0.3811, 0.2060),
}  # fmt: skip


# metadat dat.nielweise2007: events and patients of the control and of the treated arms
NIEL_WEISE_CONTROL = pd.DataFrame(
    {
        "events": [3, 3, 9, 7, 6, 4, 3, 2, 19, 2, 7, 1, 5, 11, 0, 1, 3, 1],
        "total": [
            117,
            35,
            195,
            136,
            157,
            139,
            177,
            39,
            103,
            122,
            64,
            58,
            175,
            180,
            105,
            262,
            362,
            69,
        ],
    }
)
NIEL_WEISE_TREATED = pd.DataFrame(
    {
        "events": [0, 1, 2, 0, 5, 1, 1, 1, 1, 1, 0, 0, 3, 6, 0, 0, 1, 4],
        "total": [
            116,
            44,
            208,
            130,
            151,
            98,
            174,
            74,
            97,
            113,
            66,
            70,
            188,
            187,
            118,
            252,
            345,
            64,
        ],
    }
)


def clasp_log_odds_ratios():
    (a, c), (n1, n2) = (np.array(CLASP[key], float) for key in ("events", "total"))
    y = np.log(a / (n1 - a)) - np.log(c / (n2 - c))
    return y, 1 / a + 1 / (n1 - a) + 1 / c + 1 / (n2 - c)


@pytest.mark.parametrize("method", CLASP_ANSWERS)
def test_clasp_dersimonian_kacker_2007(method):
    y, v = clasp_log_odds_ratios()
    tau2 = TAU2_ESTIMATORS[method](y, v, intercept(6))
    mean = MEAN_INTERVALS["wald"](y, v, tau2, 0.95)
    assert (float(tau2) ** 0.5, float(mean.effect), float(mean.se)) == pytest.approx(
        CLASP_ANSWERS[method], abs=5.1e-5
    )


def test_bcg_vaccine_colditz_1994():
    """Colditz et al. (1994), as checked in metafor's tests against Stata's metan."""
    rows = frame("bin_bcg")
    known = {  # effect, low, high
        ("risk_ratio", "mantel_haenszel", "REML"): (-0.4537, -0.5308, -0.3766),
        ("odds_ratio", "mantel_haenszel", "REML"): (-0.4734, -0.5538, -0.3930),
        ("risk_ratio", "common_effect", "REML"): (-0.4303, -0.5097, -0.3509),
        ("risk_ratio", "inverse_variance", "DL"): (-0.7141, -1.0644, -0.3638),
        ("odds_ratio", "peto", "REML"): (-0.4744, -0.5541, -0.3948),
    }
    for (measure, method, tau2), expected in known.items():
        answer = pool(rows, measure, Model(method=method, tau2=tau2, interval="wald"))
        limits = np.log([answer.interval.low, answer.interval.high])
        assert (answer.effect, *limits) == pytest.approx(expected, abs=6e-5), (measure, method)
    difference = pool(rows, "risk_difference", Model(method="mantel_haenszel"))
    assert difference.effect == pytest.approx(-0.0033, abs=5e-5)


def test_yusuf_1985_beta_blockade():
    """Yusuf et al. (1985), doi 10.1016/S0033-0620(85)80003-7, page 107 on table 6."""
    answer = pool(frame("bin_yusuf1985"), "odds_ratio", Model(method="peto"))
    found = (answer.estimate, answer.interval.low, answer.interval.high)
    assert found == pytest.approx((0.93, 0.74, 1.18), abs=5e-3)


def test_van_houwelingen_2002_bcg():
    """Van Houwelingen, Arends and Stijnen (2002), doi 10.1002/sim.1040, pages 596 and 597.

    The upper limit of the common odds ratio is 0.703 in the article and 0.702 by the same counts in
    metafor's check of it.
    """
    rows = frame("bin_bcg")
    common = pool(rows, "odds_ratio", Model(method="common_effect"))
    found = (common.estimate, common.interval.low, common.interval.high)
    assert found == pytest.approx((0.647, 0.595, 0.703), abs=1.01e-3)
    wald = Model(tau2="ML", interval="wald", tau2_interval="profile_likelihood_ml")
    random = pool(rows, "odds_ratio", wald)
    spread = random.heterogeneity
    found = (random.estimate, random.interval.low, random.interval.high, spread.tau2)
    assert found == pytest.approx((0.476, 0.336, 0.675, 0.302), abs=5.1e-4)
    limits = (spread.tau2_interval.low, spread.tau2_interval.high)
    assert limits == pytest.approx((0.12, 0.89), abs=5.1e-3)


STIJNEN = "Stijnen, Hamza and Ozdemir (2010), doi 10.1002/sim.4040"


def figures(answer):
    """As that article prints them: log ratio or rate, its error, tau, and the way back."""
    return (
        answer.effect, answer.se, answer.heterogeneity.tau2**0.5,
        answer.estimate, answer.interval.low, answer.interval.high,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("method", "known"),
    [
        ({"method": "inverse_variance"}, (-0.980, 0.243, 0.19, 0.38, 0.23, 0.60)),
        ({"two_arm": "conditional"}, (-1.353, 0.351, 0.83, 0.26, 0.13, 0.51)),
        ({"two_arm": "conditional_approximate"}, (-1.303, 0.339, 0.78, 0.27, 0.14, 0.53)),
    ],
)
def test_stijnen_2010_odds_ratios(method, known):
    """Table III; the article has an error of 0.244, limits to 0.62, a ratio of 0.25 and a tau of
    0.77 where the same models give 0.243, 0.60, 0.26 and 0.78 in metafor's check of it.
    """
    model = Model(**{"method": "glmm", "interval": "wald", **method})
    answer = pool(frame("bin_nielweise2007"), "odds_ratio", model)
    assert figures(answer)[:2] == pytest.approx(known[:2], abs=5.1e-4), STIJNEN
    assert figures(answer)[2:] == pytest.approx(known[2:], abs=5.1e-3), STIJNEN


@pytest.mark.parametrize(
    ("method", "known"),
    [
        ("inverse_variance", (-0.396, 0.227, 0.31, 0.67, 0.43, 1.05)),
        ("glmm", (-0.476, 0.238, 0.35, 0.62, 0.39, 0.99)),
    ],
)
def test_stijnen_2010_rate_ratios(method, known):
    """Table VIII; the article has 0.223 and 1.04 where its model gives 0.227 and 1.05."""
    model = Model(method=method, interval="wald")
    answer = pool(frame("rate2_nielweise2008"), "rate_ratio", model)
    assert figures(answer)[:2] == pytest.approx(known[:2], abs=5.1e-4), STIJNEN
    assert figures(answer)[2:] == pytest.approx(known[2:], abs=5.1e-3), STIJNEN


@pytest.mark.parametrize(
    ("method", "known"),
    [
        ("inverse_variance", (0.981, 0.326, 0.639**0.5, 2.67, 1.41, 5.05)),
        ("glmm", (0.849, 0.330, 0.654**0.5, 2.34, 1.22, 4.47)),
    ],
)
def test_stijnen_2010_rates_of_the_treated_arms(method, known):
    """Table VII, per thousand catheter days."""
    rows = frame("rate2_nielweise2008")
    arm = pd.DataFrame(
        {"events": rows["events_t"], "person_time": rows["person_time_t"] / 1000}
    )  # fmt: skip
    answer = pool(arm, "rate_log", Model(method=method, interval="wald"))
    assert figures(answer)[:3] == pytest.approx(known[:3], abs=6e-4), STIJNEN
    assert figures(answer)[3:] == pytest.approx(known[3:], abs=6e-3), STIJNEN


def test_miller_1978_double_arcsine():
    """doi 10.1080/00031305.1978.10479283; Freeman-Tukey values are doubled there."""
    frame = pd.DataFrame({"events": [3, 6, 10, 1], "total": [11, 17, 21, 6]})
    answer = pool(frame, "proportion_freeman_tukey", Model(method="common_effect"))
    doubled = 2 * answer.studies["effect"].to_numpy()
    assert doubled == pytest.approx([1.1391, 1.2888, 1.5253, 0.9515], abs=5e-5)
    assert answer.estimate == pytest.approx(0.3595, abs=5e-5)


def test_stijnen_2010_inverse_variance_logit():
    """Stijnen, Hamza and Ozdemir (2010), doi 10.1002/sim.4040, control arms, table III."""
    answer = pool(NIEL_WEISE_CONTROL, model=Model(interval="wald"))
    assert answer.effect == pytest.approx(-3.3018, abs=5e-5)
    assert answer.se == pytest.approx(0.2378, abs=5e-5)
    assert answer.heterogeneity.tau2 == pytest.approx(0.6629, abs=5e-5)
    assert answer.estimate == pytest.approx(0.0355, abs=5e-5)
    assert (answer.interval.low, answer.interval.high) == pytest.approx((0.0226, 0.0554), abs=5e-5)


@pytest.mark.parametrize(
    ("method", "effect", "se", "tau2", "rate", "low", "high"),
    [
        ("inverse_variance", 1.4676, 0.2425, 0.3699, 4.3389, 2.6973, 6.9795),
        ("glmm", 1.4007, 0.2310, 0.3165, 4.0580, 2.5803, 6.3819),
    ],
)
def test_stijnen_2010_incidence_rates(method, effect, se, tau2, rate, low, high):
    """The same article, catheter days of one arm of Niel-Weise 2008, in thousands."""
    rows = frame("rate1_nielweise2008")
    rows = rows.assign(person_time=rows["person_time"] / 1000)
    answer = pool(rows, "rate_log", Model(method=method, interval="wald"))
    found = (
        answer.effect, answer.se, answer.heterogeneity.tau2,
        answer.estimate, answer.interval.low, answer.interval.high,
    )  # fmt: skip
    assert found == pytest.approx((effect, se, tau2, rate, low, high), abs=1.01e-4)


@pytest.mark.parametrize(
    ("method", "limits"),
    [
        ("wilson", [0.2553, 0.3662, 0.0624, 0.1605, 0, 0.1611, 0.0061, 0.1718]),
        ("wilson_corrected", [0.2535, 0.3682, 0.0598, 0.1644, 0, 0.2005, 0.0018, 0.1963]),
        ("clopper_pearson", [0.2527, 0.3676, 0.0578, 0.1617, 0, 0.1684, 0.0009, 0.1776]),
        ("mid_p", [0.2544, 0.3658, 0.0601, 0.1581, 0, 0.1391, 0.0017, 0.1585]),
    ],
)
def test_newcombe_1998_single_proportions(method, limits):
    """doi 10.1002/(SICI)1097-0258(19980430)17:8<857::AID-SIM777>3.0.CO;2-E, table I."""
    rows = pd.DataFrame({"events": [81, 15, 0, 1], "total": [263, 148, 20, 29]})
    found = study_rates(rows, method)[["low", "high"]].to_numpy().ravel()
    assert found == pytest.approx(limits, abs=5.1e-5)


def test_raudenbush_2009_range_of_true_effects():
    """Teacher expectancy, 19 studies: REML mean 0.084, tau2 0.019, new study -0.2036 to 0.3711.

    The effects at hand have two decimals, so that the last digit of the limits may differ.
    """
    y, v = (column("gen_raudenbush1985", name) for name in ("yi", "vi"))
    tau2 = TAU2_ESTIMATORS["REML"](y, v, intercept(19))
    mean = MEAN_INTERVALS["wald"](y, v, tau2, 0.95)
    assert (float(mean.effect), float(tau2)) == pytest.approx((0.084, 0.019), abs=5.1e-4)
    found = PREDICTIONS["normal"](Evidence(y, v, tau2, mean), 0.95)
    assert (float(found.low), float(found.high)) == pytest.approx((-0.2036, 0.3711), abs=2e-4)
