"""The command line: reads the options, calls the library, prints; nothing is computed here.

Exit codes: 0 done, 1 the data or the request has problems (all are listed), 2 wrong usage,
3 (of `diff`) something material changed.
Everything heavy is imported inside the commands, so that `--help` answers at once.
"""

from __future__ import annotations

import functools
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from . import __version__
from .errors import EvidenceError

if TYPE_CHECKING:
    import pandas as pd

    from .audit.provenance import Provenance

F = TypeVar("F", bound=Callable[..., Any])

_data = click.option(
    "--data", metavar="DIR", help="Folder of the topic [default: data/ here or above]."
)
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON for a script.")


def _examples(text: str) -> Callable[[F], F]:
    """Examples at the end of a command's help, line breaks kept."""

    def add(command: F) -> F:
        lines = "\n".join(f"  {line}" for line in text.strip().splitlines())
        command.__doc__ = f"{command.__doc__}\n\n\b\nExamples:\n{lines}"
        return command

    return add


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="evidence")
@_examples(
    "evidence check\n"
    "evidence pool symptomatic-recurrence\n"
    "evidence forest symptomatic-recurrence --out recurrence.pdf\n"
    "evidence report"
)
def cli() -> None:
    """Checked tables of studies, rates, pooled answers, forest plots and a report."""


@cli.command()
@_data
@_json
@_examples("evidence check\nevidence check --data ../another-topic/data --json")
def check(data: str | None, as_json: bool) -> None:
    """Check every file of the topic and list all problems at once."""
    from .errors import DataError
    from .tables.load import check as check_tables
    from .tables.load import find_data

    folder = find_data(data)
    try:
        found = check_tables(folder, _rows_read if sys.stderr.isatty() else None)
    except DataError as error:
        if not as_json:
            raise
        problems = [vars(problem) for problem in error.problems]
        _print_json({"folder": str(folder), "valid": False, "problems": problems})
        sys.exit(1)
    if as_json:
        _print_json({"folder": str(folder), "valid": True, "entries": found, "problems": []})
        return
    for file, entries in found.items():
        click.echo(f"{file:<18}{entries:>9,}  ok".replace(",", "\N{NARROW NO-BREAK SPACE}"))


@cli.command()
@click.argument("question", required=False)
@_data
@click.option("--interval", default="wilson", show_default=True, help="Kind of interval.")
@click.option("--level", default=0.95, show_default=True, help="Confidence level.")
@click.option("--out", metavar="FILE", help="Write the table as .csv or .xlsx instead.")
@_json
@_examples(
    "evidence rates\n"
    "evidence rates symptomatic-recurrence --interval clopper_pearson\n"
    "evidence rates --out rates.xlsx"
)
def rates(
    question: str | None,
    data: str | None,
    interval: str,
    level: float,
    out: str | None,
    as_json: bool,
) -> None:
    """Each study's own rate with its interval: of one QUESTION, or of every row with counts."""
    from .audit.provenance import explain_rates
    from .questions import rate_table
    from .tables.load import load

    tables = load(data)
    table = rate_table(tables, question, interval, level=level)
    if out:
        _save_table(table, out, explain_rates(table, tables, interval, level))
    elif as_json:
        _print_json(_records(table))
    else:
        from .formatting import readable

        click.echo(readable(table).to_string(index=False))


@cli.command()
@click.argument("questions", nargs=-1)
@_data
@click.option("--out", metavar="FILE", help="Write the table as .csv or .xlsx instead.")
@_json
@_examples("evidence pool\nevidence pool symptomatic-recurrence --json")
def pool(questions: tuple[str, ...], data: str | None, out: str | None, as_json: bool) -> None:
    """The pooled answers: of the QUESTIONS named, or of all."""
    from .audit.provenance import explain
    from .questions import answer, overview
    from .tables.load import load

    tables = load(data)
    found = [answer(key, tables) for key in questions or tables.questions]
    if out:
        _save_table(overview(found), out, *(explain(one, tables) for one in found))
    elif as_json:
        _print_json(_records(overview(found)))
    else:
        click.echo("\n\n".join(str(one) for one in found))


@cli.command()
@click.argument("question")
@_data
@click.option("--out", required=True, metavar="FILE", help="File: .pdf, .svg, .png or .tiff.")
@click.option("--style", default="default", show_default=True, help="Layout of the figure.")
@_examples(
    "evidence forest symptomatic-recurrence --out recurrence.pdf\n"
    "evidence forest symptomatic-recurrence --out recurrence.tiff"
)
def forest(question: str, data: str | None, out: str, style: str) -> None:
    """The forest plot of a QUESTION, as a file for an article, its table and sources beside it."""
    from .audit.provenance import explain, write_sidecar
    from .errors import choose
    from .plots.export import Provenance, save_figure, save_figure_table
    from .plots.forest import forest as draw
    from .plots.style import STYLES
    from .questions import answer
    from .tables.load import load

    tables = load(data)
    found = answer(question, tables)
    drawn = draw(
        found.synthesis, title=found.question.title, style=choose(STYLES, style, "figure style")
    )
    source = Provenance(question, tables.fingerprint)
    click.echo(f"wrote {save_figure(drawn, Path(out), provenance=source)}")
    click.echo(f"wrote {save_figure_table(drawn, out)}")
    click.echo(f"wrote {write_sidecar(Path(out), explain(found, tables))}")


@cli.command()
@click.argument("question")
@_data
@click.option("--check", "names", multiple=True, help="Only this check; may be given again.")
@click.option("--few-anyway", is_flag=True, help="Small-study tests below ten studies, too.")
@_json
@_examples(
    "evidence sensitivity symptomatic-recurrence\n"
    "evidence sensitivity symptomatic-recurrence --check leave_one_out --json"
)
def sensitivity(
    question: str, data: str | None, names: tuple[str, ...], few_anyway: bool, as_json: bool
) -> None:
    """How sturdy the answer of a QUESTION is: every check, with the rule that decided."""
    from .questions import answer
    from .sensitivity.register import sturdiness
    from .tables.load import load

    tables = load(data)
    found = sturdiness(answer(question, tables), tables, *names, few_anyway=few_anyway)
    if as_json:
        _print_json([{**vars(one), "table": _records(one.table)} for one in found.values()])
    else:
        click.echo("\n\n".join(str(one) for one in found.values()))


@cli.command()
@_data
@click.option("--out", default="report", show_default=True, metavar="DIR", help="Where to write.")
@click.option("--notebooks", metavar="DIR", help="Notebooks to execute [default: beside data].")
@click.option("--force", is_flag=True, help="Make it again even if nothing changed.")
@_examples("evidence report\nevidence report --data ../another-topic/data --out its-report")
def report(data: str | None, out: str, notebooks: str | None, force: bool) -> None:
    """Execute the notebooks and write the report: a page, figures, tables."""
    from .report.build import build

    build(data, Path(out), notebooks=notebooks and Path(notebooks), force=force, say=_say)


@cli.command()
@_data
@click.option(
    "--from", "source", metavar="FILE", help="Rows (.csv, .xlsx) or works (.ris, .nbib, .bib)."
)
@click.option("--key", metavar="STUDY", help="The study_id of the one work in FILE.")
@click.option("--table", default="studies.csv", show_default=True, help="Table to ask a row for.")
@click.option("--yes", is_flag=True, help="Write without asking.")
@_examples(
    "evidence add\n"
    "evidence add --from pubmed.nbib --key lebow-2011\n"
    "evidence add --from new-rows.csv"
)
def add(data: str | None, source: str | None, key: str | None, table: str, yes: bool) -> None:
    """Add rows or references: checked, shown with their effect, written when you say so."""
    from .errors import choose
    from .living.adding import propose, write
    from .living.asking import Talk, ask_row
    from .living.importing import read_additions
    from .tables.load import find_data, load
    from .tables.schema import TABLES

    folder = find_data(data)
    tables = load(folder)
    if source:
        additions = read_additions(Path(source), tables, key)
    else:
        choose(TABLES, table, "table")
        additions = ask_row(tables, table, Talk(_ask, click.confirm, _say))
    proposal = propose(folder, additions)
    click.echo(str(proposal))
    if yes or click.confirm("Write this?"):
        write(proposal)
        click.echo(f"wrote {', '.join(proposal.files)}; now look at `git diff`")
    else:
        click.echo("nothing was written")


@cli.command()
@_data
@click.option("--against", metavar="REF", help="A git revision [default: what was accepted].")
@_json
@_examples("evidence diff\nevidence diff --against main --json")
def diff(data: str | None, against: str | None, as_json: bool) -> None:
    """What changed since the accepted analysis, and which row did it; ends with 3 if it matters."""
    from .living.diff import diff as compare
    from .living.states import earlier
    from .tables.load import find_data

    folder = find_data(data)
    with earlier(folder, against) as state:
        found = compare(folder, state)
    if as_json:
        _print_json(found.to_dict())
    else:
        click.echo(str(found))
    if found.material:
        sys.exit(3)


@cli.command()
@_data
@_examples("evidence accept\nevidence accept --data ../another-topic/data")
def accept(data: str | None) -> None:
    """Make the analysis as it is now the accepted one: write results/."""
    from .report.accept import accept as make_accepted

    make_accepted(data, _say)


@cli.command()
@_data
@click.option("--out", metavar="FILE", help="Write it to a file instead.")
@_examples("evidence dictionary\nevidence dictionary --out data/README.md")
def dictionary(data: str | None, out: str | None) -> None:
    """The data dictionary: every column, term and question, as Markdown."""
    from .files import write
    from .tables.dictionary import dictionary as describe
    from .tables.load import load

    text = describe(load(data))
    if out:
        click.echo(f"wrote {write(Path(out), text.encode())}")
    else:
        click.echo(text, nl=False)


def _save_table(table: pd.DataFrame, out: str, *made: Provenance) -> None:
    """The table, and beside it what made it; findings and claims say so in their own columns."""
    from .audit.provenance import write_sidecar
    from .tables.export import save_table

    click.echo(f"wrote {save_table(table, out)}")
    if made:
        click.echo(f"wrote {write_sidecar(Path(out), *made)}")


def _records(table: pd.DataFrame) -> object:
    """The rows with every digit; what is blank is null."""
    plain = table.astype(object)
    return plain.where(plain.notna(), None).to_dict("records")


def _print_json(value: object) -> None:
    text = json.dumps(
        value, indent=2, ensure_ascii=False, allow_nan=False, default=lambda number: number.item()
    )
    click.echo(text)


def _ask(question: str, suggested: str) -> str:
    return str(click.prompt(question, default=suggested, show_default=bool(suggested)))


def _say(text: str) -> None:
    click.echo(text)


def _rows_read(file: str, rows: int) -> None:
    click.echo(f"\r{file}: {rows} rows", err=True, nl=False)


@functools.wraps(cli)
def main() -> None:
    """Run the command line; a mistake in data or request ends with its message and code 1."""
    from .cli_audit import COMMANDS

    for command in COMMANDS:
        cli.add_command(command)
    try:
        cli(standalone_mode=False)
    except EvidenceError as error:
        click.echo(str(error), err=True)
        sys.exit(1)
    except click.exceptions.Abort:
        click.echo("stopped", err=True)
        sys.exit(1)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except BrokenPipeError:  # the reader of our output, such as head, has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
