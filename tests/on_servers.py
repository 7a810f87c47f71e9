"""Run pytest with every installation in PostgreSQL and S3: ``python tests/on_servers.py tests/lake -q``."""

import os
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from installations import BUCKET, POSTGRES, S3, make_templates
from servers import postgres, program, s3


def main() -> int:
    """Return pytest's exit code; without a PostgreSQL here, say so and return 0."""
    if not program("initdb"):
        sys.stdout.write("NOT TESTED HERE: the lake in PostgreSQL and S3 (no PostgreSQL is installed)\n")
        return 0
    with postgres() as database, s3(BUCKET) as endpoint:
        os.environ |= {POSTGRES: database.url, S3: endpoint}
        make_templates()
        return subprocess.call([sys.executable, "-m", "pytest", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
