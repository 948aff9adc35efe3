"""The data dictionary of a topic, written from its schema and vocabulary."""

from __future__ import annotations

from collections.abc import Iterable

from .load import Tables
from .schema import TABLES, Column

_KINDS = {
    "key": "name of lower-case letters, digits, points and hyphens",
    "text": "text",
    "whole": "whole number",
    "number": "number",
    "printed": "number as printed, kept as text",
}


def dictionary(tables: Tables) -> str:
    """Markdown: each file, each column, each term with its definition, each question.

    >>> from evidence import load
    >>> dictionary(load()).startswith("# The data: ")
    True
    """
    parts = [
        f"# The data: {tables.title}",
        f"{tables.about} This page is generated from the schema and the vocabulary "
        "(`evidence dictionary`); change those, not this.",
        *([f"Licence: see [LICENSE](LICENSE): {_licence(tables)}."] if _licence(tables) else []),
        "All files are UTF-8 text. A blank cell means that the source does not say; a number is "
        "never filled in. `evidence check` lists every problem of every file.",
    ]
    for name, columns in TABLES.items():
        rows = len(getattr(tables, name.removesuffix(".csv")))
        parts += [f"## {name}", f"{rows} rows.", _columns(columns)]
    parts += ["## vocabulary.toml", "What a term includes and what it does not."]
    for name, terms in tables.vocabulary.items():
        lines = [[f"`{key}`", term.label, term.definition, _more(term)]
                 for key, term in terms.items()]  # fmt: skip
        parts += [f"### {name}", _table(["term", "in print", "definition", ""], lines)]
    parts += [
        "## questions.toml",
        "Stated before any answer was seen. One row per cohort enters: a fixed follow-up before "
        "any other, then the longest within the window, then the most complete denominator, then "
        "the first in the table; arms of one cohort at that time are added together.",
        _table(
            ["question", "asks", "pooled from"],
            [
                [f"`{key}`", one.asks, f"{one.minimum_k} cohorts" if one.pool else "never"]
                for key, one in tables.questions.items()
            ],
        ),
        "## references.bib",
        f"{len(tables.references)} works, keyed by `study_id`. `note` says which fields were not "
        "verified.",
    ]
    return "\n\n".join(parts) + "\n"


def _licence(tables: Tables) -> str:
    """The first line of the folder's licence that says more than what it is."""
    path = tables.folder / "LICENSE"
    if not path.exists():
        return ""
    lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    return next(line for line in lines[1:] if line)


def _columns(columns: tuple[Column, ...]) -> str:
    lines = [[f"`{one.name}`", one.meaning, _holds(one), _presence(one)] for one in columns]
    return _table(["column", "meaning", "holds", "always there"], lines)


def _presence(column: Column) -> str:
    """Whether a cell is always there, or the whole column may be left out."""
    return "yes" if column.required else "may be left out" if column.optional else ""


def _holds(column: Column) -> str:
    if column.kind == "choice":
        return ", ".join(f"`{choice}`" for choice in column.choices)
    if column.kind == "term":
        return f"a term of [{column.vocabulary}](#{column.vocabulary})"
    ends = [
        f"{word} {end:g}"
        for word, end in (("from", column.low), ("to", column.high))
        if end is not None
    ]
    return " ".join([_KINDS[column.kind], *ends])


def _more(term: object) -> str:
    """What a term has beside its definition: a direction, the ends of a scale."""
    direction, low, high = (getattr(term, name) for name in ("direction", "low", "high"))
    if low is not None and high is not None:
        return f"{low:g} to {high:g}"
    return f"a {direction} event" if direction else ""


def _table(header: list[str], lines: Iterable[list[str]]) -> str:
    rows = [[cell.replace("|", "\\|") for cell in row] for row in (header, *lines)]
    rows.insert(1, ["---"] * len(header))
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
