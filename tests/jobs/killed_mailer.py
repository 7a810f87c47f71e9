"""A mailing job that is killed over its first letter: ``python killed_mailer.py FOLDER KEPT WHEN URL FROM``.

WHEN is ``before`` or ``after`` the server has the letter, which it writes into the file KEPT.
"""

import os
import signal
import sys
from email.message import EmailMessage
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from installations import settings_in

from jobs.notify import MAIL, notify
from lake.opening import open_lake
from lake.people import mail
from lake.queue import claim, enqueue


class PostOffice:
    """Stands for a mail server during whose work the power goes."""

    def __enter__(self) -> "PostOffice":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def send_message(self, message: EmailMessage) -> None:
        if sys.argv[3] == "after":
            Path(sys.argv[2]).write_text(str(message["To"]))
        os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    """Mail what is due, and do not come back."""
    mail._connected = lambda _url: PostOffice()
    settings = dict(zip(("TOMLAKE_SMTP_URL", "TOMLAKE_MAIL_FROM"), sys.argv[4:], strict=True))
    lake = open_lake(settings_in(Path(sys.argv[1]), **settings))
    enqueue(lake.operations, "notify", {"part": MAIL})
    job = claim(lake.operations, "killed")
    assert job is not None
    notify(lake, job, lambda _step, _fraction: None)


if __name__ == "__main__":
    main()
