"""The L'Abbé plot: what stands where, and what it refuses."""

from __future__ import annotations

import pytest
from matplotlib.figure import Figure

from evidence import labbe, pool

from .reference_calls import frame

BCG = pool(frame("bin_bcg"), "risk_ratio")


def artist(axes, label):
    return next(a for a in (*axes.collections, *axes.lines) if a.get_label() == label)


def test_circles_stand_at_both_risks_with_areas_of_weight():
    axes = labbe(BCG, title="BCG")
    circles, studies = artist(axes, "_studies"), BCG.studies
    assert circles.get_offsets()[:, 0].tolist() == pytest.approx(
        studies["events_c"] / studies["total_c"]
    )
    assert circles.get_offsets()[:, 1].tolist() == pytest.approx(
        studies["events_t"] / studies["total_t"]
    )
    areas = circles.get_sizes() / circles.get_sizes().max()
    assert areas.tolist() == pytest.approx(studies["weight"] / studies["weight"].max())
    assert axes.get_label().startswith(
        "L'Abbé plot: BCG. 13 studies: the risk is higher with the inter"
    )


def test_the_dashed_line_is_the_answer():
    line = artist(labbe(BCG), "_pooled")
    x, y = line.get_data()
    assert y[-1] / x[-1] == pytest.approx(BCG.estimate)


def test_given_axes_are_drawn_in():
    axes = Figure().add_subplot()
    assert labbe(BCG, ax=axes) is axes


def test_one_study_has_no_line_of_an_answer():
    assert "_pooled" not in {
        a.get_label() for a in labbe(pool(frame("bin_bcg").head(1), "odds_ratio")).lines
    }


def test_answers_without_risks_are_refused():
    with pytest.raises(ValueError, match="needs risks in both arms: risk_ratio, "):
        labbe(pool(frame("rate2_nielweise2008"), "rate_ratio"))
    with pytest.raises(ValueError, match="this is risk_ratio of 0 studies"):
        labbe(pool(frame("edge_bin_allzero"), "risk_ratio"))
