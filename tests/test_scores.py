"""Scores: recovery of what a source does not print, the correlation, and questions on changes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from evidence import (
    DataError,
    Model,
    answer,
    forest,
    load,
    over_correlation,
    pool,
    rate_table,
    sentence,
)
from evidence.changes import recover_change, with_correlation
from evidence.measures.scores import SCORES, exact_correction, figures
from evidence.plots.question import important
from evidence.recover import recover
from evidence.report.page import _question
from evidence.report.sturdy import Sturdy
from tests.editing import edit, question
from tests.test_tables_pairing import scores

from .reference_calls import frame

CHANGES = frame("prepost_made").assign(
    mean_before=lambda rows: -rows["mean_before"], mean_after=lambda rows: -rows["mean_after"]
)
ARMS = frame("cont_normand1999")
ASKED = (
    '[calmer]\ntitle = "Calmer owners"\nasks = "By how much are owners calmer?"\n'
    'measure = "mean_change"\noutcomes = ["owner-pleased"]\nscales = ["calm"]\nminimum_k = 2\n\n'
    "[pleased]\n"
)


def rows_for(measure):
    if "correlation" in measure.needs:
        return CHANGES
    return ARMS if "n_t" in measure.needs else frame("mean_normand1999")


@pytest.mark.parametrize("measure", SCORES, ids=lambda m: m.key)
@pytest.mark.parametrize("method", ["inverse_variance", "common_effect", "bayes_normal"])
def test_every_score_measure_pools_and_prints(measure, method):
    answer = pool(rows_for(measure), measure.key, Model(method=method))
    assert answer.interval.low < answer.estimate < answer.interval.high
    assert (answer.events, answer.left_out) == (0, None)
    assert answer.total == rows_for(measure).filter(regex=r"^n(_|$)").to_numpy().sum()
    assert measure.label in str(answer) and "events" not in str(answer)


def test_scores_that_cannot_be_used_are_named():
    rows = pd.DataFrame(
        {
            "study_id": list("abcd"),
            "n": [10, 1, 10, 9.5],
            "mean": [1, 2, None, 3],
            "sd": [0, 1, 1, 1],
        }
    )
    with pytest.raises(ValueError) as caught:
        figures(rows, ("n", "mean", "sd"))
    assert str(caught.value).splitlines()[1:] == [
        "  b: n (1) must be a whole number, 2 or more",
        "  d: n (9.5) must be a whole number, 2 or more",
        "  c: mean (nan) must be given; recover it or leave the row out",
        "  a: sd (0) must be above 0",
    ]
    with pytest.raises(ValueError, match="no column sd; it is needed"):
        pool(rows.drop(columns="sd"), "mean")
    with pytest.raises(ValueError, match="correlation \\(1\\) must lie between -1 and 1"):
        pool(CHANGES.assign(correlation=1.0), "mean_change")
    with pytest.raises(ValueError, match="a ratio needs means above 0; not so for study-1"):
        pool(ARMS.assign(mean_c=[75, 0, *ARMS["mean_c"][2:]]), "ratio_of_means")
    with pytest.raises(ValueError, match="there is no Mantel-Haenszel method for mean"):
        pool(frame("mean_normand1999"), "mean", Model(method="mantel_haenszel"))


@given(st.floats(2, 1e6))
def test_the_correction_is_that_of_hedges(df):
    assert 0 < exact_correction(np.array(df)) < 1
    assert exact_correction(np.array(df)) == pytest.approx(1 - 3 / (4 * df - 1), abs=0.02)


def test_a_standardised_difference_of_three_people_is_not_corrected():
    assert exact_correction(np.array([1.0, 2.0])) == pytest.approx([1.0, 0.5641895835])


def test_morris_2008_change_in_units_before():
    """Morris (2008), doi 10.1177/1094428106291059, table 1: treated less control."""
    control = pd.DataFrame(
        {
            "study_id": list("abcde"), "n": [20, 42, 9, 11, 14],
            "mean_before": [23.1, 24.9, 0.6, 55.7, 34.8],
            "mean_after": [19.7, 25.3, 0.6, 60.7, 33.4], "sd_before": [13.8, 4.1, 0.2, 17.3, 3.1],
            "sd_after": [14.8, 3.3, 0.2, 17.9, 6.9], "correlation": CHANGES["correlation"],
        }
    )  # fmt: skip
    one, two = (pool(rows, "change_by_before").studies["effect"] for rows in (CHANGES, control))
    assert one.to_numpy() == pytest.approx([0.5056, 1.0481, 1.8054, 1.4181, 0.0801], abs=5e-5)
    assert two.to_numpy() == pytest.approx([-0.2365, 0.0958, 0.0, 0.2667, -0.4250], abs=5e-5)
    assert (one - two).to_numpy() == pytest.approx([0.74, 0.95, 1.81, 1.15, 0.51], abs=5e-3)
    change = pool(CHANGES, "change_by_change").studies["effect"].to_numpy()
    assert change == pytest.approx([0.5417, 1.0198, 2.6619, 1.9088, 0.0765], abs=5e-5)


def test_figures_are_recovered_and_recorded():
    rows = pd.DataFrame(
        {
            "study_id": list("abcdef"), "n": [25] * 6,
            "mean": [4.0, 4.0, None, None, None, 4.0], "sd": [None] * 5 + [1.5],
            "se": [0.4] + [None] * 5, "ci_low": [None, 3.0] + [None] * 4,
            "ci_high": [None, 5.0] + [None] * 4, "minimum": [None, None, 1, None, 1, None],
            "q1": [None, None, None, 3, 3, None], "median": [None, None, 4, 4, 4, None],
            "q3": [None, None, None, 6, 6, None], "maximum": [None, None, 9, None, 9, None],
        }
    )  # fmt: skip
    found = recover(rows)
    assert found["recovered"].tolist() == [
        "SD from standard error: SE 0.4",
        "SD from 95% interval of the mean (t): CI low 3, CI high 5",
        "mean from median and range (Luo et al. 2018): minimum 1, median 4, maximum 9; "
        "SD from range (Wan et al. 2014): minimum 1, maximum 9",
        "mean from median and quartiles (Luo et al. 2018): q1 3, median 4, q3 6; "
        "SD from quartiles (Wan et al. 2014): q1 3, q3 6",
        "mean from median, range and quartiles (Luo et al. 2018): minimum 1, q1 3, median 4, q3 6, "
        "maximum 9; SD from range and quartiles (Wan et al. 2014): minimum 1, q1 3, q3 6, "
        "maximum 9",
        "",
    ]
    sd = found["sd"].to_numpy(float)
    assert sd[0] == pytest.approx(2.0)
    assert sd[1] == pytest.approx(5.0 / stats.t.ppf(0.975, 24))
    # by hand: Phi^-1((25 - 0.375)/25.25) = 1.9639..., Phi^-1((18.75 - 0.125)/25.25) = 0.6375...
    assert sd[2] == pytest.approx(8 / (2 * stats.norm.ppf(24.625 / 25.25)))
    assert sd[3] == pytest.approx(3 / (2 * stats.norm.ppf(18.625 / 25.25)))
    assert sd[4] == pytest.approx((sd[2] + sd[3]) / 2)
    mean = found["mean"].to_numpy(float)
    assert mean[2] == pytest.approx(4 / (4 + 25**0.75) * 5 + (1 - 4 / (4 + 25**0.75)) * 4)
    assert mean[3] == pytest.approx(0.7156 * 4.5 + 0.2844 * 4)
    # by hand: 25^0.75 = 11.180340, 25^0.55 = 5.873095; weights 0.164420, 0.577407, 0.258173
    assert mean[4] == pytest.approx(0.164420 * 5 + 0.577407 * 4.5 + 0.258173 * 4, abs=1e-5)
    assert pool(found, "mean").k == 6


def test_what_is_printed_is_never_recovered():
    rows = pd.DataFrame(
        {"n": [25], "mean": [4.0], "sd": [1.9], "se": [0.4], "q1": [1], "median": [2], "q3": [3]}
    )
    found = recover(rows).iloc[0]
    assert (found["mean"], found["sd"], found["recovered"]) == (4.0, 1.9, "")


def test_recovery_meets_the_truth_in_large_samples():
    draws = stats.norm.ppf((np.arange(2000) + 0.5) / 2000) * 3 + 10
    q1, median, q3 = np.quantile(draws, [0.25, 0.5, 0.75])
    rows = pd.DataFrame({"n": [2000], "q1": [q1], "median": [median], "q3": [q3]})
    found = recover(rows)
    assert float(found["sd"].iloc[0]) == pytest.approx(3, rel=0.005)
    assert float(found["mean"].iloc[0]) == pytest.approx(10, rel=0.001)


def test_recovery_refuses_what_cannot_be_and_leaves_blank_what_it_cannot_do():
    rows = pd.DataFrame({"study_id": ["a"], "n": [20], "q1": [5], "median": [4], "q3": [6]})
    with pytest.raises(ValueError, match=r"a: q1 \(5\) must not exceed median \(4\)"):
        recover(rows)
    with pytest.raises(ValueError, match="column n or n_t"):
        recover(rows.drop(columns="n"), "_t")
    bare = recover(pd.DataFrame({"n": [20, None], "median": [4, 4]}))
    assert bare[["mean", "sd"]].isna().all(axis=None) and bare["recovered"].eq("").all()


def test_columns_of_an_arm_are_recovered_by_their_ending():
    rows = pd.DataFrame({"n_t": [16], "mean_t": [3.0], "se_t": [0.5], "recovered": ["mean from x"]})
    found = recover(rows, "_t")
    assert float(found["sd_t"].iloc[0]) == 2.0
    assert found["recovered"].iloc[0] == "mean from x; SD t from standard error: SE 0.5"


def test_the_correlation_is_given_derived_or_assumed():
    base = {"n": 20, "mean_before": 7.0, "sd_before": 2.0, "mean_after": 6.0, "sd_after": 2.0}
    t = stats.t.ppf(1 - 0.04 / 2, 19)
    rows = pd.DataFrame(
        [
            {**base, "correlation": 0.7},
            {**base, "sd_change": 1.0},
            {**base, "p_value": "0.04"},
            {**base, "p_value": "<0.001"},
            {**base, "p_value": "0.9"},
            {**base, "mean_after": 7.0, "p_value": "0.04"},
        ]
    )
    found = with_correlation(rows, 0.5)
    derived = (8 - (np.sqrt(20) / t) ** 2) / 8
    assert found["correlation"].to_numpy() == pytest.approx([0.7, 0.875, derived, 0.5, 0.5, 0.5])
    assert found["correlation_from"].tolist() == [
        "given",
        "derived from the standard deviation of the change",
        "derived from the paired p-value",
        "assumed 0.5",
        "assumed 0.5: the paired p-value gives -153.14, which cannot be",
        "assumed 0.5",
    ]
    with pytest.raises(ValueError, match="a correlation lies between -1 and 1; 1 does not"):
        with_correlation(rows, 1)


def test_the_change_has_its_own_mean_and_spread_where_the_source_gives_them():
    rows = pd.DataFrame(
        [
            {"n": 25, "mean_before": 7.0, "mean_after": 4.5, "se_change": 0.4},
            {"n": 25, "mean_change": -2.0, "ci_low_change": -3.0, "ci_high_change": -1.0},
            {"n": 25, "mean_change": -2.0, "p_value": "0.02"},
            {"n": 25, "mean_change": -2.0, "p_value": "<0.02"},
            {"n": 25, "mean_change": 0.0, "p_value": "0.9"},
            {"n": 25, "sd_before": 2.0, "sd_after": 1.5, "correlation": 0.6, "mean_change": -1.0},
            {"n": 25, "sd_before": 2.0, "sd_after": 1.5, "p_value": "0.02", "mean_change": -1.0},
            {"n": 25, "mean_before": 7.0, "mean_after": 4.5, "mean_change": -2.4, "sd_change": 1.1},
            {"n": 1, "mean_change": -2.0, "p_value": "0.02"},
        ]
    )
    found = recover_change(rows.assign(study_id=list("abcdefghi")))
    of_p = 2 * 5 / stats.t.ppf(1 - 0.02 / 2, 24)
    spreads = [2.0, 5 / stats.t.ppf(0.975, 24), of_p, *[np.nan] * 2, 2.65**0.5]
    assert found["sd_change"].to_numpy() == pytest.approx(
        [*spreads, np.nan, 1.1, np.nan], nan_ok=True
    )
    assert found["mean_change"].tolist() == [-2.5, -2, -2, -2, 0, -1, -1, -2.4, -2]
    assert found["recovered"].tolist() == [
        "SD change from standard error: SE 0.4",
        "SD change from 95% interval of the mean (t): CI low -3, CI high -1",
        "SD change from the paired p-value: mean change -2, p value 0.02",
        "", "",
        "", "", "", "",
    ]  # fmt: skip


@pytest.mark.parametrize("measure", ["mean_change", "change_by_change"])
def test_a_change_is_the_same_from_its_own_spread_as_from_the_correlation(measure):
    whole = pool(CHANGES, measure)
    own = recover_change(CHANGES)[["study_id", "n", "mean_change", "sd_change"]]
    assert pool(own, measure).estimate == pytest.approx(whole.estimate)
    mixed = pd.concat([own[:2], CHANGES[2:]])
    assert pool(mixed, measure).interval == pytest.approx(whole.interval)
    with pytest.raises(ValueError, match=r"sd_change \(0\) must be above 0"):
        pool(own.assign(sd_change=0.0), measure)


def test_a_change_with_a_spread_of_its_own_needs_no_correlation():
    rows = pd.DataFrame({"n": [20], "mean_change": [-2.0], "sd_change": [1.0]})
    found = with_correlation(rows, 0.5)
    assert found["correlation"].isna().all()
    assert found["correlation_from"].tolist() == [
        "not needed: the change has its own standard deviation"
    ]


def asked(folder: Path, *rows: dict[str, str], more: str = "") -> Path:
    edit(folder, *question("[pleased]\n", ASKED.replace("\n\n[pleased]", f"\n{more}\n\n[pleased]")))
    return scores(folder, *rows)


TWO = ({}, {"study": "birch-2004", "n": "30", "before": "6", "after": "5"})


def test_a_question_on_a_change_is_answered(topic: Path) -> None:
    found = answer("calmer", load(asked(topic, *TWO)))
    pooled = found.synthesis
    assert (pooled.k, pooled.total) == (2, 50)
    assert pooled.studies["correlation_from"].tolist() == ["assumed 0.5"] * 2
    assert any("assumed to be 0.5" in caution for caution in pooled.cautions)
    assert "of 2 scores: 2 read in an abstract only" in pooled.cautions
    assert sentence(found).startswith("Mean change ")


def test_a_change_is_read_from_any_figures_that_the_source_prints(topic: Path) -> None:
    blank = {"before": "", "sd_before": "", "after": "", "sd_after": ""}
    rows = (
        {**blank, "mean_change": "-3", "p_value": "0.001"},
        {"study": "birch-2004", "sd_after": "", "q1_after": "2", "q3_after": "5"},
        {"study": "cedar-2010", "correlation": "0.7"},
    )
    found = answer("calmer", load(asked(topic, *rows)))
    studies = found.synthesis.studies
    assert studies["correlation_from"].tolist() == [
        "not needed: the change has its own standard deviation", "assumed 0.5", "given",
    ]  # fmt: skip
    assert studies["variance"].iloc[0] == pytest.approx((3 / stats.t.ppf(0.9995, 19)) ** 2)
    how = "SD after from quartiles (Wan et al. 2014): q1 2, q3 5"
    assert found.rows["reason"].tolist()[1] == f"enters the answer; {how}"
    assert any(f"Birch 2004 ({how})" in caution for caution in found.synthesis.cautions)
    assert any("assumed to be 0.5" in one and "Cedar" not in one and "Alder" not in one
               for one in found.synthesis.cautions)  # fmt: skip
    shown = [text.get_text() for text in forest(found.synthesis).texts]
    assert {"change", "−3.0"} <= set(shown)
    assert "nan" not in " ".join(shown)


def test_intervals_beyond_the_ends_of_their_scale_are_cautioned(topic: Path) -> None:
    rows = ({"study": "birch-2004", "before": "9", "after": "1"},
            {"study": "cedar-2010", "before": "6", "after": "5"})  # fmt: skip
    found = answer("calmer", load(asked(topic, {}, *rows))).synthesis
    assert found.interval.low < -10 and found.prediction.low < -10
    assert found.cautions[-1] == (
        "the interval and the prediction interval reach beyond what the scale allows, "
        "−10.00 to 10.00: the model knows no ends"
    )
    edit(topic, lambda text: text.replace("low = 0, high = 10", "low = 0"), "vocabulary.toml")
    assert "beyond" not in " ".join(answer("calmer", load(topic)).synthesis.cautions)


def test_a_mean_is_held_against_the_scale_itself(topic: Path) -> None:
    rows = ({"after": "1"}, {"study": "birch-2004", "n": "30", "after": "9"})
    folder = asked(topic, *rows)
    edit(folder, *question('"mean_change"', '"mean"'))
    found = answer("calmer", load(folder)).synthesis
    assert found.interval.low < 0 and found.prediction is None
    assert found.cautions[-1].startswith("the interval reaches beyond what the scale allows, 0.00")


def test_recovered_figures_can_be_kept_out(topic: Path) -> None:
    more = '[[calmer.sensitivity]]\nname = "printed"\nbecause = "Rough."\nrecovered = false\n'
    rows = (*TWO, {"study": "cedar-2010", "sd_after": "", "se_after": "0.4"})
    tables = load(asked(topic, *rows, more=more))
    found = answer("calmer", tables)
    assert (found.synthesis.k, found.sensitivity["printed"].k) == (3, 2)


def test_scores_after_treatment_are_a_mean(topic: Path) -> None:
    folder = asked(topic, {"sd_after": "", "se_after": "0.5"}, {**TWO[1], "before": ""})
    edit(folder, *question('"mean_change"', '"mean"'))
    studies = answer("calmer", load(folder)).synthesis.studies
    assert studies["mean"].tolist() == [3.2, 5.0]
    assert studies["sd"].tolist() == pytest.approx([0.5 * 20**0.5, 2.0])


def test_groups_with_changes_of_their_own_are_taken_together(topic: Path) -> None:
    blank = {"before": "", "sd_before": "", "after": "", "sd_after": ""}
    rows = (
        {**blank, "arm": "early", "n": "30", "mean_change": "-3", "se_change": "0.3"},
        {**blank, "arm": "late", "n": "20", "mean_change": "-2", "sd_change": "1"},
    )
    row = answer("calmer", load(asked(topic, *rows))).synthesis.studies.iloc[0]
    spread = (19 * 1 + 29 * 0.09 * 30 + 20 * 0.36 + 30 * 0.16) / 49
    assert (row["n"], row["mean_change"]) == (50, -2.6)
    assert row["sd_change"] ** 2 == pytest.approx(spread)
    assert row["recovered"] == "SD change from standard error: SE 0.3"
    assert pd.isna(row["se_change"])


def test_scores_that_cannot_enter_say_why(topic: Path) -> None:
    rows = ({}, {"scale": "free", "months": "24"}, {"sd_after": "", "months": "36"}, {"n": "40"})
    found = answer("calmer", load(asked(topic, *rows))).rows.set_index("row_id")
    assert found["stage"].tolist() == ["same patients", "other scale", "incomplete", "enters"]
    assert found.loc["alder-2001.s2", "reason"] == "scale: Free; wanted: Calm, 0 to 10"
    assert found.loc["alder-2001.s3", "reason"].startswith(
        "the source gives no sd after nor sd change"
    )


def test_groups_of_one_cohort_are_taken_together(topic: Path) -> None:
    rows = (
        {"arm": "early", "n": "20", "before": "6", "sd_before": "1", "after": "4", "sd_after": "1"},
        {"arm": "late", "n": "30", "before": "8", "sd_before": "2", "after": "5", "sd_after": "2"},
    )
    row = answer("calmer", load(asked(topic, *rows))).synthesis.studies.iloc[0]
    assert (row["n"], row["mean_before"], row["mean_after"]) == (50, 7.2, 4.6)
    parts = [
        6 + stats.norm.ppf((np.arange(20) + 0.5) / 20),
        8 + stats.norm.ppf((np.arange(30) + 0.5) / 30),
    ]
    exact = [
        m + s * (p - p.mean()) / p.std(ddof=1)
        for p, m, s in zip(parts, (6, 8), (1, 2), strict=True)
    ]
    assert row["sd_before"] == pytest.approx(np.concatenate(exact).std(ddof=1))
    assert row["arm"] == "early + late"


def test_another_correlation_is_a_sensitivity(topic: Path) -> None:
    more = '[[calmer.sensitivity]]\nname = "none"\nbecause = "Cautious."\ncorrelation = 0.0\n'
    found = answer("calmer", load(asked(topic, *TWO, more=more)))
    loose, firm = found.sensitivity["none"], found.synthesis
    assert (loose.studies["variance"] > firm.studies["variance"]).all()


def test_the_assumed_correlation_is_varied(topic: Path) -> None:
    tables = load(asked(topic, *TWO, more="correlation = 0.6"))
    found = answer("calmer", tables)
    table = over_correlation(found, tables)
    assert table["correlation"].tolist() == [0, 0.25, 0.5, 0.6, 0.75, 0.9]
    assert table.loc[table["assumed"], "correlation"].tolist() == [0.6]
    assert table["of"].unique().tolist() == ["all cohorts together"]
    assert (table["high"] - table["low"]).nunique() == 6
    own = table[table["assumed"]].iloc[0]
    assert own["estimate"] == pytest.approx(found.synthesis.estimate)
    page = _question(found, tables, Sturdy({}, {}))["correlations"]
    names = [row["correlation"] for row in page]
    assert names == ["0", "0.25", "0.5", "0.6 (assumed)", "0.75", "0.9"]
    assert page[3]["figures"].startswith("−2.4")


def test_each_cohort_is_varied_where_nothing_is_pooled(topic: Path) -> None:
    more = 'pool = false\npool_because = "Two roofs."'
    tables = load(asked(topic, {}, {**TWO[1], "correlation": "0.4"}, more=more))
    table = over_correlation(answer("calmer", tables), tables)
    widths = (table["high"] - table["low"]).round(9).groupby(table["of"]).nunique()
    assert widths.to_dict() == {"Alder and Schön 2001": 5, "Birch 2004": 1}


def test_nothing_is_varied_where_nothing_is_assumed(topic: Path) -> None:
    tables = load(asked(topic, {"correlation": "0.4"}))
    assert over_correlation(answer("calmer", tables), tables).empty
    assert over_correlation(answer("leaks", tables), tables).empty
    assert _question(answer("calmer", tables), tables, Sturdy({}, {}))["correlations"] == []


@pytest.mark.parametrize(
    ("least", "said"),
    [(0.2, "lies wholly beyond"), (30, "lies wholly within"), (3.5, "does not decide about")],
)
def test_what_matters_to_a_patient_is_held_against_the_interval(
    topic: Path, least: float, said: str
) -> None:
    more = f'important = {least:.1f}\nimportant_because = "Guild of roofers."'
    found = answer("calmer", load(asked(topic, {}, more=more)))
    assert f"{said} the smallest change that matters to a patient, {least:g} (Guild" in sentence(
        found
    )
    band = important(found)[0]
    assert (band.low, band.high) == (-least, least)
    plain = answer("pleased", load(topic))
    assert (plain.importance(), important(plain)) == ("", ())


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("important = 2.0", "important is given; justify it in important_because"),
        ('comparators = ["reed"]', "comparators are given and the measure compares nothing"),
        ("correlation = 1.0", "correlation: Input should be less than 1"),
        (
            '[[calmer.sensitivity]]\nname = "x"\nbecause = "y"\nscales = ["calm", "free"]',
            "mean_change is in points of one scale; name one in scales, or choose",
        ),
    ],
)
def test_questions_on_scores_that_cannot_be_asked(topic: Path, more: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        load(asked(topic, {}, more=more))


def test_what_matters_belongs_to_scores(topic: Path) -> None:
    edit(
        topic,
        *question("threshold = 0.2", 'important = 0.2\nimportant_because = "x"\nthreshold = 0.2'),
    )
    with pytest.raises(DataError, match="important is a change of a score, or a difference"):
        load(topic)


def test_scores_have_no_rates(topic: Path) -> None:
    tables = load(asked(topic, {}))
    with pytest.raises(ValueError, match="question 'calmer' asks for scores; they have no rates"):
        rate_table(tables, "calmer")
