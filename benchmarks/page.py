"""Print the table of a run that ``bench_lake.py --json`` kept, for docs/benchmarks.md."""

import json
import sys
from pathlib import Path

from benchmarks.figures import Report, Row


def main() -> None:
    """Print the table."""
    report = Report()
    for row in json.loads(Path(sys.argv[1]).read_text())["rows"]:
        report.add(Row(**row))


if __name__ == "__main__":
    main()
