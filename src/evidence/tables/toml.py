"""The two TOML files of a topic: its vocabulary, and its pre-stated questions."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from ..errors import DataError, Problem, SynthesisError
from ..measures.measure import MEASURES
from ..pooling.model import Model
from ..pooling.needed import WITH_TREATMENT
from .checklists import RULES
from .reading import problem, read_text
from .schema import VOCABULARIES

Text = Annotated[str, Field(min_length=1, pattern=r"\S")]
Risk = Annotated[float, Field(gt=0, lt=1)]
TimeBasis = Literal["fixed", "mean", "median", "minimum", "maximum", "kaplan-meier", "not stated"]
SourceType = Literal["full text", "abstract", "secondary"]


def _unknown_measure(measure: str) -> str:
    return f"measure {measure!r} is unknown; choose one of: {', '.join(MEASURES)}"


class _Entry(BaseModel):
    """A frozen value read from TOML; an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Term(_Entry):
    """One entry of the vocabulary.

    Attributes:
        label: how it is printed.
        definition: what it includes and what it does not.
        direction: of an outcome, whether the event is `bad` or `good` for the patient.
        low, high: of a scale, its ends.
    """

    label: Text
    definition: Text
    direction: Literal["bad", "good"] | None = None
    low: float | None = None
    high: float | None = None


class Window(_Entry):
    """A follow-up window in months; rows that state none are let in only by `unknown`."""

    min: float = 0.0
    max: float = float("inf")
    unknown: bool = False


class Rows(_Entry):
    """Which rows answer a question: every list means any of, an empty one means no restriction.

    Attributes:
        outcomes, populations, interventions, comparators, designs, scales: terms of the vocabulary.
            Where two arms are compared, `interventions` are those of the arm looked at and
            `comparators` those of its control.
        time_bases: what the follow-up may be.
        follow_up_months: the window.
        source_types: what may have been read; `["full text"]` leaves out abstract-only rows.
        risk_of_bias: a key of `checklists.RULES` that every row has to pass.
        overlaps: whether cohorts that may share patients enter together. Where not, those enter
            that hold the most people without any two that may (`overlaps.probable`).
        recovered: whether scores enter whose figures are not all printed.
    """

    outcomes: tuple[str, ...] = Field(default=(), strict=False)
    populations: tuple[str, ...] = Field(default=(), strict=False)
    interventions: tuple[str, ...] = Field(default=(), strict=False)
    comparators: tuple[str, ...] = Field(default=(), strict=False)
    designs: tuple[str, ...] = Field(default=(), strict=False)
    scales: tuple[str, ...] = Field(default=(), strict=False)
    time_bases: tuple[TimeBasis, ...] = Field(default=(), strict=False)
    follow_up_months: Window | None = None
    source_types: tuple[SourceType, ...] = Field(default=(), strict=False)
    risk_of_bias: str = ""
    overlaps: bool = True

    @field_validator("risk_of_bias")
    @classmethod
    def _rule(cls, rule: str) -> str:
        if rule and rule not in RULES:
            raise ValueError(f"{rule!r} is unknown; choose one of: {', '.join(RULES)}")
        return rule

    recovered: bool = True


class Sensitivity(Rows):
    """A pre-stated restriction of a question's rows, or another model, with its reason.

    A restriction may also ask for another `measure` of the same rows, or assume another
    `correlation` of scores before and after.
    """

    name: Text
    because: Text
    model: dict[str, str | float] | None = None
    measure: str | None = None
    correlation: float | None = Field(default=None, gt=-1, lt=1)

    @model_validator(mode="after")
    def _known(self) -> Sensitivity:
        if self.measure is not None and self.measure not in MEASURES:
            raise ValueError(_unknown_measure(self.measure))
        return self


class Sturdy(_Entry):
    """What makes an answer sturdy enough, stated before it is seen; a check judges by it.

    Attributes:
        change: a change of the estimate that would matter, on the reading scale, a fraction.
        events, people: the fewest to rely on.
        because: why these.
    """

    because: Text
    change: float | None = Field(default=None, gt=0)
    events: int | None = Field(default=None, gt=0)
    people: int | None = Field(default=None, gt=0)


class Question(Rows):
    """One pre-stated synthesis question.

    Attributes:
        key: its name, used by every command.
        title: a heading.
        asks: the question in a sentence.
        measure: a key of `MEASURES`.
        model: options of `Model` that differ from its defaults.
        minimum_k: pooled only from this many cohorts on.
        pool: false where definitions are too mixed to pool; `pool_because` then says why.
        threshold: a clinical threshold on the reading scale, a fraction, with `threshold_because`.
        sturdy: what the checks of `evidence.sensitivity` judge by.
        correlation: of scores before and after, where a source gives none; assumed and flagged.
        important: the smallest change or difference that matters to a patient, on the reading
            scale, with `important_because`.
        baseline_risks: risks without the treatment at which a comparison is read, fractions, with
            `baseline_because`.
        notes: what a reader must know about the definition.
        sensitivity: restrictions stated beforehand, those of the topic first.
        inherited: names of those that the topic states for all its questions; one that leaves no
            row of this question is told, and is no error.
    """

    key: str
    title: Text
    asks: Text
    measure: str = "proportion_logit"
    model: dict[str, str | float] = Field(default_factory=dict)
    minimum_k: int = Field(default=3, ge=2)
    pool: bool = True
    pool_because: str = ""
    threshold: float | None = Field(default=None, gt=0, lt=1)
    threshold_because: str = ""
    sturdy: Sturdy | None = None
    correlation: float = Field(default=0.5, gt=-1, lt=1)
    important: float | None = Field(default=None, gt=0)
    important_because: str = ""
    baseline_risks: tuple[Risk, ...] = Field(default=(), strict=False)
    baseline_because: str = ""
    notes: str = ""
    sensitivity: tuple[Sensitivity, ...] = Field(default=(), strict=False)
    inherited: tuple[str, ...] = Field(default=(), strict=False)

    @model_validator(mode="after")
    def _fits_its_measure(self) -> Question:
        if self.measure not in MEASURES:
            raise ValueError(_unknown_measure(self.measure))
        measure = MEASURES[self.measure]
        if self.comparators and not measure.two_arms:
            raise ValueError(
                "comparators are given and the measure compares nothing; choose one such as "
                "risk_ratio or mean_difference"
            )
        if self.important is not None and not measure.subtracts:
            raise ValueError(
                "important is a change of a score, or a difference between two arms of scores; "
                "this question asks for neither"
            )
        if self.important is not None and not self.important_because:
            raise ValueError("important is given; justify it in important_because")
        if self.baseline_risks and self.measure not in WITH_TREATMENT:
            raise ValueError(
                "baseline_risks need a comparison of risks; give one of these measures: "
                + ", ".join(WITH_TREATMENT)
            )
        if self.baseline_risks and not self.baseline_because:
            raise ValueError(
                "baseline_risks are given; say in baseline_because where they are from"
            )
        for entry in self.sensitivity:
            other = MEASURES[entry.measure or self.measure]
            if (other.kind, other.two_arms) != (measure.kind, measure.two_arms):
                raise ValueError(
                    f"sensitivity {entry.name!r} asks for {entry.measure}, which needs other rows "
                    f"than {self.measure}"
                )
        return self

    @model_validator(mode="after")
    def _in_points_of_one_scale(self) -> Question:
        entries: tuple[Question | Sensitivity, ...] = (self, *self.sensitivity)
        for entry in entries:
            measure = MEASURES[entry.measure or self.measure]
            if measure.in_points and len(entry.scales or self.scales) != 1:
                raise ValueError(
                    f"{measure.key} is in points of one scale; name one in scales, or choose a "
                    "standardised measure"
                )
        return self

    @model_validator(mode="after")
    def _complete(self) -> Question:
        if not self.outcomes:
            raise ValueError("outcomes is empty; name at least one outcome of the vocabulary")
        if not self.pool and not self.pool_because:
            raise ValueError("pool is false; say why in pool_because")
        if self.threshold is not None and not self.threshold_because:
            raise ValueError("threshold is given; justify it in threshold_because")
        names = [entry.name for entry in self.sensitivity]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(
                    f"sensitivity {name!r} is there twice, here or in the topic's; rename one"
                )
        for options in (self.model, *(entry.model or {} for entry in self.sensitivity)):
            model_of(options)
        return self


class Topic(_Entry):
    """What questions.toml holds.

    Attributes:
        title: of the whole work, for the report.
        about: what it is about, in a sentence or two.
        model: options of `Model` for every question on rates that does not state them itself.
        sturdy: for every question on rates that does not state it itself.
        sensitivity: restrictions, or other models, for every question on rates that pools.
        questions: key -> `Question`, in the file's order.
    """

    title: Text
    about: Text
    model: dict[str, str | float] = Field(default_factory=dict)
    sturdy: Sturdy | None = None
    sensitivity: tuple[Sensitivity, ...] = Field(default=(), strict=False)
    questions: dict[str, Question] = Field(default_factory=dict)


def model_of(options: Mapping[str, str | float]) -> Model:
    """The `Model` that a table of options describes."""
    unknown = sorted(set(options) - set(Model.__dataclass_fields__))
    if unknown:
        known = ", ".join(Model.__dataclass_fields__)
        raise SynthesisError(f"model option {unknown[0]!r} is unknown; choose from: {known}")
    return Model(**options)  # type: ignore[arg-type]


Vocabulary = dict[str, dict[str, Term]]


def read_vocabulary(path: Path) -> Vocabulary:
    """Every list of the vocabulary, in the file's order.

    Raises:
        DataError: every entry that is not a term, every list that is unknown or missing.
    """
    found = _parse(path)
    problems = [
        problem(path, _line(path, name), f"[{name}] is unknown; use {', '.join(VOCABULARIES)}")
        for name in found
        if name not in VOCABULARIES
    ]
    lists: Vocabulary = {name: {} for name in VOCABULARIES}
    for name, lines in lists.items():
        entries = found.get(name, {})
        if not isinstance(entries, dict):
            problems.append(problem(path, _line(path, name), f"{name} must be a table of terms"))
            continue
        for key, entry in entries.items():
            try:
                lines[key] = Term.model_validate(entry)
            except ValidationError as error:
                line = _line(path, name, key)
                problems.extend(problem(path, line, said, key) for said in _said(error))
    if problems:
        raise DataError(problems)
    return lists


def read_questions(path: Path, vocabulary: Vocabulary | None) -> Topic:
    """The topic's title and every question; terms are looked up where there is a vocabulary.

    Raises:
        DataError: every key, value or term that cannot be, of every question.
    """
    problems: list[Problem] = []
    questions = {}
    found = _parse(path)
    own = {name: found.pop(name) for name in Topic.model_fields if name in found}
    try:
        topic = Topic.model_validate(own)
    except ValidationError as error:
        problems.extend(problem(path, 1, said) for said in _said(error))
        topic = Topic(title="?", about="?")
    for key, entry in found.items():
        line = _line(path, key)
        if not isinstance(entry, dict):
            problems.append(problem(path, line, f"{key} is unknown; a question is a table [{key}]"))
            continue
        try:
            question = _inherited(_question(key, entry), topic)
        except (ValidationError, SynthesisError) as error:
            problems.extend(problem(path, line, said, key) for said in _said(error))
            continue
        if vocabulary is not None:
            problems.extend(problem(path, line, said, key) for said in _terms(question, vocabulary))
        questions[key] = question
    if problems:
        raise DataError(problems)
    return topic.model_copy(update={"questions": questions})


def _question(key: str, entry: dict[str, object]) -> Question:
    """One question as it is written; what the reader adds may not be written."""
    for name in ("key", "inherited"):
        if name in entry:
            raise SynthesisError(f"{name} is unknown; rename or delete it")
    return Question.model_validate({**entry, "key": key})


def _inherited(question: Question, topic: Topic) -> Question:
    """The question with what the topic states for all; what it states itself goes first."""
    rates = MEASURES[question.measure].kind == "rate"
    shared = topic.sensitivity if question.pool and rates else ()
    whole = {
        **question.model_dump(),
        "model": {**(topic.model if rates else {}), **question.model},
        "sturdy": question.sturdy or (topic.sturdy if rates else None),
        "sensitivity": [entry.model_dump(exclude_unset=True) for entry in
                        (*shared, *question.sensitivity)],
        "inherited": [entry.name for entry in shared],
    }  # fmt: skip
    return Question.model_validate(whole)


def _terms(question: Question, vocabulary: Vocabulary) -> Iterator[str]:
    for rows in (question, *question.sensitivity):
        for name in (
            "outcomes",
            "populations",
            "interventions",
            "comparators",
            "designs",
            "scales",
        ):
            words = "interventions" if name == "comparators" else name
            for term in getattr(rows, name):
                if term not in vocabulary[words]:
                    yield f"{name} holds {term!r}, which vocabulary.toml [{words}] does not"


def _said(error: ValidationError | SynthesisError) -> list[str]:
    if isinstance(error, SynthesisError):
        return [str(error)]
    said = []
    for fault in error.errors():
        where = ".".join(str(part) for part in fault["loc"])
        if fault["type"] == "extra_forbidden":
            said.append(f"{where} is unknown; rename or delete it")
        elif fault["type"] == "missing":
            said.append(f"{where} is missing; add it")
        elif fault["type"] == "literal_error":
            said.append(f"{where}: {fault['input']!r} is unknown; use {fault['ctx']['expected']}")
        else:
            text = fault["msg"].removeprefix("Value error, ")
            said.append(f"{where}: {text}" if where else text)
    return said


def _parse(path: Path) -> dict[str, object]:
    text = read_text(path)
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"at line (\d+)", str(error))
        line = int(place[1]) if place else 0
        raise DataError([problem(path, line, f"is not TOML: {error}")]) from None


def _line(path: Path, table: str, key: str = "") -> int:
    """The line on which a table, or a key within it, begins; 0 where it cannot be found."""
    inside = False
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        header = re.match(r"\s*\[+\s*\"?([^\]\"]+?)\"?\s*\]", line)
        if header:
            inside = header[1] in (table, f"{table}.{key}")
            if header[1] == (f"{table}.{key}" if key else table):
                return number
        elif inside and key and re.match(rf"\s*\"?{re.escape(key)}\"?\s*=", line):
            return number
    return 0
