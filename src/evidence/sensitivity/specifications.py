"""Which analyses of rates can be defended, each choice with its standing and its source."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..errors import SynthesisError
from ..pooling.model import Model

STANDINGS = ("primary", "sensitivity", "discouraged")
"""From what was stated as the analysis to what is shown only because others do it."""


@dataclass(frozen=True)
class Choice:
    """One option of one choice.

    Attributes:
        label: in print.
        standing: "sensitivity", or "discouraged" where the literature advises against it.
        source: who says so.
    """

    label: str
    standing: str
    source: str


LIN_CHU = "Lin and Chu 2020, doi 10.1097/EDE.0000000000001232"
BARENDREGT = "Barendregt et al. 2013, doi 10.1136/jech-2013-203104"
SCHWARZER = "Schwarzer et al. 2019, doi 10.1002/jrsm.1348"
LANGAN = "Langan et al. 2019, doi 10.1002/jrsm.1316"
ROVER = "Röver, Knapp and Friede 2015, doi 10.1186/s12874-015-0091-1"

SCALES: dict[str, Choice] = {
    "proportion_logit": Choice("logit", "sensitivity", LIN_CHU),
    "proportion_arcsine": Choice("arcsine", "sensitivity", "Lin and Xu 2020, doi 10.1002/hsr2.178"),
    "proportion_log": Choice("log", "discouraged", BARENDREGT),
    "proportion_raw": Choice("raw", "discouraged", BARENDREGT),
    "proportion_freeman_tukey": Choice("double arcsine", "discouraged", SCHWARZER),
    "rate_log": Choice("log", "sensitivity", "Stijnen et al. 2010, doi 10.1002/sim.4040"),
    "rate_square_root": Choice(
        "square root", "sensitivity", "Stijnen et al. 2010, doi 10.1002/sim.4040"
    ),
    "rate_raw": Choice("raw", "discouraged", BARENDREGT),
    "rate_freeman_tukey": Choice("double square root", "discouraged", SCHWARZER),
}
TAU2: dict[str, Choice] = {
    "REML": Choice("REML", "sensitivity", LANGAN),
    "PM": Choice("Paule-Mandel", "sensitivity", LANGAN),
    "DL": Choice("DerSimonian-Laird", "discouraged", LANGAN),
}
INTERVALS: dict[str, Choice] = {
    "hartung_knapp": Choice("Hartung-Knapp, safeguarded", "sensitivity", ROVER),
    "kenward_roger": Choice(
        "Kenward-Roger", "sensitivity", "Partlett and Riley 2017, doi 10.1002/sim.7140"
    ),
    "hartung_knapp_plain": Choice("Hartung-Knapp", "discouraged", ROVER),
    "wald": Choice("Wald", "discouraged", "IntHout et al. 2014, doi 10.1186/1471-2288-14-25"),
}
ZEROS: dict[str, Choice] = {
    "only_zero": Choice(
        "0.5 where needed", "sensitivity", "Sweeting et al. 2004, doi 10.1002/sim.1761"
    ),
    "all": Choice("0.5 everywhere", "discouraged", "Sweeting et al. 2004, doi 10.1002/sim.1761"),
}
LIKELIHOODS: dict[str, Choice] = {
    "glmm": Choice("GLMM", "sensitivity", LIN_CHU),
    "beta_binomial": Choice("beta-binomial", "sensitivity", "Kuss 2015, doi 10.1002/sim.6383"),
}
LINKS: dict[str, Choice] = {
    "logit": Choice("logit", "sensitivity", LIN_CHU),
    "probit": Choice("probit", "sensitivity", LIN_CHU),
    "cloglog": Choice("complementary log-log", "sensitivity", LIN_CHU),
}
LIKELIHOOD_INTERVALS: dict[str, Choice] = {
    "t": Choice("t", "sensitivity", "Partlett and Riley 2017, doi 10.1002/sim.7140"),
    "wald": Choice("Wald", "discouraged", "IntHout et al. 2014, doi 10.1186/1471-2288-14-25"),
}
COMMON_EFFECT = Choice(
    "common effect", "discouraged", "Borenstein et al. 2010, doi 10.1002/jrsm.12"
)
UNCORRECTED = (
    "proportion_arcsine", "proportion_freeman_tukey", "rate_square_root", "rate_freeman_tukey",
)  # fmt: skip
"""Scales on which no zero is ever corrected."""


@dataclass(frozen=True)
class Specification:
    """One way to analyse the studies.

    Attributes:
        measure: a key of `MEASURES`.
        model: how to pool.
        standing: one of `STANDINGS`, the weakest of its choices.
        source: of the choice that gives it its standing.
        method, scale, tau2, interval, zero: its choices in print.
    """

    measure: str
    model: Model
    standing: str
    source: str
    method: str
    scale: str
    tau2: str
    interval: str
    zero: str


NONE = Choice("none", "sensitivity", "")


def specifications(measure: str, model: Model, zeros: bool = True) -> tuple[Specification, ...]:
    """Every analysis that can be defended, and the discouraged ones that are in use.

    Args:
        measure: the measure of the primary analysis; the scales of its family are used.
        model: the primary model, whose level and unit all share; it comes first.
        zeros: whether a study has no event or only events, so that corrections differ.

    Raises:
        SynthesisError: a measure that is not a single rate.

    >>> found = specifications("proportion_logit", Model(method="glmm"), zeros=False)
    >>> len(found), found[0].standing
    (59, 'primary')
    """
    if measure not in SCALES:
        raise SynthesisError(
            f"measure {measure!r} has no list of defensible analyses; these have: "
            f"{', '.join(SCALES)}"
        )
    people = measure.startswith("proportion")
    plain = Model(level=model.level, unit=model.unit)
    found = [*_likelihoods(people, plain), *_inverse_variance(people, plain, zeros)]
    same = [one for one in found if _same(one, measure, model)]
    first = same[0] if same else specified(
        measure, model, SCALES[measure], Choice(model.method.replace("_", " "), *STATED),
        Choice(model.tau2, *STATED), Choice(model.interval.replace("_", " "), *STATED),
        ZEROS.get(model.zero, NONE),
    )  # fmt: skip
    primary = replace(first, model=model, standing="primary", source="stated beforehand")
    return (primary, *(one for one in found if one not in same))


STATED = ("sensitivity", "stated beforehand")


def _same(one: Specification, measure: str, model: Model) -> bool:
    """Whether a specification gives the same estimate and interval as the primary analysis."""
    shared = ["method", "interval"]
    likelihood = model.method in LIKELIHOODS
    shared += ["link"] if likelihood else ["tau2", "zero", "zero_add"]
    return (one.measure == measure) and all(
        getattr(one.model, name) == getattr(model, name) for name in shared
    )


def _likelihoods(people: bool, plain: Model) -> list[Specification]:
    measure = "proportion_logit" if people else "rate_log"
    found = []
    for link, linked in LINKS.items() if people else {"logit": SCALES["rate_log"]}.items():
        for interval, kind in LIKELIHOOD_INTERVALS.items():
            model = replace(plain, method="glmm", link=link, interval=interval, prediction="")
            found.append(specified(measure, model, linked, LIKELIHOODS["glmm"], NONE, kind, NONE))
    for interval, kind in LIKELIHOOD_INTERVALS.items() if people else ():
        model = replace(plain, method="beta_binomial", interval=interval, prediction="")
        mixed = LIKELIHOODS["beta_binomial"]
        found.append(specified(measure, model, LINKS["logit"], mixed, NONE, kind, NONE))
    return found


def _inverse_variance(people: bool, plain: Model, zeros: bool) -> list[Specification]:
    start = "proportion" if people else "rate"
    found = []
    for measure, scale in SCALES.items():
        if not measure.startswith(start):
            continue
        corrections = ZEROS if zeros and measure not in UNCORRECTED else {"only_zero": NONE}
        for zero, corrected in corrections.items():
            for tau2, estimator in TAU2.items():
                for interval, kind in INTERVALS.items():
                    if interval == "kenward_roger" and tau2 != "REML":
                        continue  # it is made from the information of REML
                    model = replace(plain, tau2=tau2, interval=interval, zero=zero)
                    method = Choice("inverse variance", "sensitivity", LIN_CHU)
                    found.append(
                        specified(measure, model, scale, method, estimator, kind, corrected)
                    )
    measure = "proportion_logit" if people else "rate_log"
    model = replace(plain, method="common_effect", interval="wald", prediction="")
    scale, kind = SCALES[measure], INTERVALS["wald"]
    return [*found, specified(measure, model, scale, COMMON_EFFECT, NONE, kind, NONE)]


def specified(measure: str, model: Model, *choices: Choice) -> Specification:
    """A specification, as good as the weakest of its choices.

    Args:
        measure: a key of `MEASURES`.
        model: how to pool.
        choices: scale, method, estimator of tau2, interval and zero correction.
    """
    scale, method, tau2, interval, zero = choices
    weakest = max(choices, key=_rank)
    return Specification(
        measure, model, weakest.standing, weakest.source,
        method.label, scale.label, tau2.label, interval.label, zero.label,
    )  # fmt: skip


def _rank(choice: Choice) -> tuple[int, bool]:
    """How weak a choice is; of two alike that which somebody wrote about."""
    return STANDINGS.index(choice.standing), choice.source != ""
