"""Write docs/coverage.csv and its page: `python -m evidence.coverage [sets] [processes]`."""

import os
import sys
from pathlib import Path

import pandas as pd

from . import page, run


def main(repeats: int, processes: int, out: Path) -> None:
    """Run every scenario, tell how far it is, and write the table and its page."""
    table = run(repeats, lambda text: print(f"\r{text} ", end="", file=sys.stderr), processes)
    print(file=sys.stderr)
    table.to_csv(out.with_suffix(".csv"), index=False)
    out.write_text(page(pd.read_csv(out.with_suffix(".csv"))), encoding="utf-8")
    print(f"wrote {out} and {out.with_suffix('.csv')}")


if __name__ == "__main__":
    given = [int(text) for text in sys.argv[1:]]
    repeats, processes = (*given, *(1000, os.cpu_count() or 1)[len(given) :])
    main(repeats, processes, Path("docs/coverage.md"))
