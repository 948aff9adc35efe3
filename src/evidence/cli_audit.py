"""The commands of the audit: thin, as those of `cli`; exit code 1 when something must change."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .cli import _data, _examples, _json, _print_json, _records, _save_table

if TYPE_CHECKING:
    from .audit.finding import Audit


@click.command()
@_data
@click.option("--check", "checks", multiple=True, metavar="NAME", help="Only this check.")
@click.option("--all", "every", is_flag=True, help="Also what is consistent or cannot be tested.")
@click.option("--out", metavar="FILE", help="Write every finding as .csv or .xlsx instead.")
@_json
@_examples("evidence audit\nevidence audit --check percentage --all\nevidence audit --json")
def audit(
    data: str | None, checks: tuple[str, ...], every: bool, out: str | None, as_json: bool
) -> None:
    """Check the table's own arithmetic; ends with 1 if something must be mended."""
    from .audit.finding import audit_frame
    from .audit.table import audit_tables
    from .tables.load import load

    found = audit_tables(load(data), checks or None)
    table = audit_frame(found)
    if out:
        _save_table(table, out)
    elif as_json:
        _print_json(_records(table))
    else:
        _print_findings(found, every)
    sys.exit(1 if any(one.must_change for one in found) else 0)


def _print_findings(found: list[Audit], every: bool) -> None:
    from .audit.finding import SEVERITIES
    from .formatting import plural

    shown = SEVERITIES if every else ("error", "warning")
    for severity in shown:
        for one in found:
            if one.severity == severity:
                click.echo(f"{severity:<8} {one.subject}: {one.reason}")
                if one.evidence:
                    click.echo(f"{'':<8} {one.evidence}")
                if one.acknowledged:
                    click.echo(f"{'':<8} reviewed by {one.reviewer}: {one.acknowledged}")
    click.echo(f"{plural(len(found), 'test')}:")
    for (check, severity, verdict), number in sorted(
        Counter((one.check, one.severity, one.verdict) for one in found).items()
    ):
        click.echo(f"  {check:<14}{verdict:<28}{severity:<9}{number:>5}")
    left = sum(one.must_change for one in found)
    click.echo(f"{plural(left, 'finding')} must be mended or acknowledged in acknowledged.csv")


@click.command()
@_data
@click.option("--verdict", metavar="NAME", help="Only claims with this verdict.")
@click.option("--out", metavar="FILE", help="Write the ledger as .csv or .xlsx instead.")
@_json
@_examples('evidence claims\nevidence claims --verdict "drifts from its source"')
def claims(data: str | None, verdict: str | None, out: str | None, as_json: bool) -> None:
    """Hold every claim against the study it cites and against the pooled answer."""
    from .audit.claims import claim_counts, headline, ledger
    from .audit.verdicts import VERDICTS
    from .errors import choose
    from .tables.load import load

    table = ledger(load(data))
    shown = table
    if verdict is not None:
        choose(VERDICTS, verdict, "verdict")
        shown = table[table["verdict"] == verdict]
    if out:
        _save_table(shown, out)
    elif as_json:
        _print_json(_records(shown))
    else:
        for row in shown.to_dict("records"):
            click.echo(f"{row['claim_id']} {row['source_file']}: {row['claim']}")
            click.echo(f"    {row['verdict']}: {row['sentence']}")
        for one in claim_counts(table).to_dict("records"):
            click.echo(f"{one['verdict']:<44}{one['claims']:>5}  {one['means']}")
        click.echo(headline(table))


@click.command()
@click.argument("question")
@_data
@_json
@_examples(
    "evidence explain symptomatic-recurrence\nevidence explain symptomatic-recurrence --json"
)
def explain(question: str, data: str | None, as_json: bool) -> None:
    """For every number of a QUESTION's answer: its rows, sources, hashes, model and versions."""
    from .audit.provenance import explain as explain_answer
    from .questions import answer
    from .tables.load import load

    tables = load(data)
    made = explain_answer(answer(question, tables), tables)
    if as_json:
        _print_json(made.to_dict())
    else:
        click.echo(str(made))


@click.command("check-text")
@click.argument("file", type=click.Path(path_type=Path))
@_data
@click.option("--out", metavar="FILE", help="Write the text, filled in and corrected, here.")
@_json
@_examples("evidence check-text article.md\nevidence check-text article.md --out article.md")
def check_text(file: Path, data: str | None, out: str | None, as_json: bool) -> None:
    """Verify the marked numbers of an article; ends with 1 if one no longer holds.

    A mark {{question.field}} is a number to fill in. A number with its mark in a comment behind it,
    9.2%<!-- {{question.field}} -->, is verified at as many decimals as were written.
    """
    from .audit.text import check_text as check_marks
    from .files import write
    from .tables.load import load

    marks, text = check_marks(file, load(data))
    if as_json:
        _print_json([vars(one) | {"stale": one.stale} for one in marks])
    else:
        for one in marks:
            click.echo(f"{file}, {one}")
    if out:
        write(Path(out), text.encode())
        click.echo(f"wrote {out}", err=as_json)
    stale = sum(one.stale for one in marks)
    if not as_json:
        click.echo(f"{len(marks)} marked, {stale} no longer hold")
    sys.exit(1 if stale and not out else 0)


COMMANDS = (audit, claims, explain, check_text)
