"""Print runs that ``bench_lake.py --json`` kept side by side, for docs/benchmarks.md.

``python benchmarks/page.py benchmarks/measured/*.json``
"""

import json
import re
import sys
from pathlib import Path

Row = dict[str, str | bool | None]
NUMBERS = re.compile(r" of [\d,]+ points| \([\d.]+ of [\d.]+ ms\)|[\d.,]+ (M points|targets|small batches)")


def what(rows: tuple[Row, ...]) -> str:
    """Return what was measured; the numbers that differ from run to run are left out."""
    names = [str(row["what"]) for row in rows]
    return names[0] if len(set(names)) == 1 else re.sub(r"  +", " ", NUMBERS.sub(r"\1", names[0]))


def cell(row: Row) -> str:
    """Return one result: ours, the peer's, and their ratio; bold where a bar was missed."""
    told = " : ".join(str(row[key]) for key in ("ours", "theirs") if row[key])
    ratio = str(row["ratio"] or "").replace(" faster", "")
    told = f"{told}, {ratio}" if ratio else told
    return f"**{told}**" if row["is_met"] is False else told


def main() -> None:
    """Print the table."""
    runs = [json.loads(Path(name).read_text()) for name in sys.argv[1:]]
    sizes = [f"10{'⁰¹²³⁴⁵⁶⁷⁸⁹'[len(str(round(run['numbers']['points'], -5))) - 1]}" for run in runs]
    print(f"| tomlake : PostgreSQL | bar | {' | '.join(sizes)} |\n|---|---|{'---|' * len(runs)}")
    for rows in zip(*(run["rows"] for run in runs), strict=True):
        print(f"| {what(rows)} | {rows[0]['bar'] or ''} | {' | '.join(cell(row) for row in rows)} |")


if __name__ == "__main__":
    main()
