"""Started as a sandbox process is, this runs every statement it is given with no look at it beforehand.

stdin: one JSON object ``{"tables": {...}, "statements": [...]}``; stdout: what came of each, one a line.
"""

import json
import sys

import duckdb

from lake.sandbox import child
from lake.sandbox.fences import take_limits

given = json.loads(sys.stdin.readline())
connection = duckdb.connect(":memory:", config=dict(child._CONFIG))
tables = {name: child._dataset(files) for name, files in given["tables"].items()}
take_limits(memory_mb=1500, cpu_s=60, wall_clock_s=60)
child._close(connection, tables, memory_mb=1500)
for statement in given["statements"]:
    try:
        answered = connection.execute(statement)
        outcome = str(answered.fetchall()) if answered else "nothing"
    except duckdb.Error as error:
        outcome = f"refused: {error}"
    print(json.dumps(outcome), flush=True)  # noqa: T201
