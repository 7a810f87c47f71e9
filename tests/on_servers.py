"""Run pytest with every installation in PostgreSQL and S3: ``python tests/on_servers.py tests/lake -q``."""

import os
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from installations import BUCKET, MIGRATED, POSTGRES, S3, make_database
from servers import postgres, program, s3

from lake.operations import open_operations


def main() -> int:
    """Return pytest's exit code; without a PostgreSQL here, say so and return 0."""
    if not program("initdb"):
        sys.stdout.write("NOT TESTED HERE: the lake in PostgreSQL and S3 (no PostgreSQL is installed)\n")
        return 0
    with postgres() as database, s3(BUCKET) as endpoint:
        make_migrated(database.url)
        environment = {**os.environ, POSTGRES: database.url, S3: endpoint}
        return subprocess.call([sys.executable, "-m", "pytest", *sys.argv[1:]], env=environment)


def make_migrated(server: str) -> None:
    """Make the database that every installation begins as a copy of."""
    make_database(server, MIGRATED)
    open_operations(f"{server}/{MIGRATED}").dispose()


if __name__ == "__main__":
    sys.exit(main())
