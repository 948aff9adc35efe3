"""Write docs/coverage.csv and its page: `python -m evidence.coverage [sets] [processes]`."""

import os
import sys

from . import page, published, run
from .page import PUBLISHED


def main(repeats: int, processes: int) -> None:
    """Run every scenario, tell how far it is, and write the table and its page."""
    table = run(repeats, lambda text: print(f"\r{text} ", end="", file=sys.stderr), processes)
    print(file=sys.stderr)
    table.to_csv(PUBLISHED, index=False)
    out = PUBLISHED.with_suffix(".md")
    out.write_text(page(published()), encoding="utf-8")
    print(f"wrote {out} and {PUBLISHED}")


if __name__ == "__main__":
    given = [int(text) for text in sys.argv[1:]]
    repeats, processes = (*given, *(1000, os.cpu_count() or 1)[len(given) :])
    main(repeats, processes)
