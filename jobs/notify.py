"""The task `notify`: people are told what happened to their files and targets, and mailed what they wish.

Its two parts are jobs of their own, so that a mail server that is away keeps nothing from the portal.
"""

from collections.abc import Callable

from sqlalchemy import Engine

from engine.errors import Rejected, Transient
from jobs.progress import Progress
from lake.notices.followed import has_news, tell_followers
from lake.notices.frames import has_batch_to_tell, tell_of_batches
from lake.notices.mailing import Letter, claim_letter, give_back, people_due
from lake.notices.words import path_of, sentence_of
from lake.opening import Lake
from lake.people.mail import can_mail, send_mail
from lake.people.second_factor import acting
from lake.queue import Job, enqueue
from lake.settings import Settings

KIND = "notify"
TELL, MAIL = "tell", "mail"
_PRIORITY = 6  # after what people wait for
MOST_IN_LETTER = 50
_NOT_SENT = "no-mail"  # the code of a refusal after which a letter certainly did not leave


def enqueue_due_notices(settings: Settings, operations: Engine) -> int:
    """Return how many of the two parts were put into the queue because somebody is to be told or mailed."""
    parts = []
    if has_batch_to_tell(operations) or has_news(operations):
        parts.append(TELL)
    if can_mail(settings) and people_due(operations):
        parts.append(MAIL)
    for part in parts:
        key = f"{KIND}:{part}"
        enqueue(operations, KIND, {"part": part}, dedupe=key, lock=key, priority=_PRIORITY)
    return len(parts)


def notify(lake: Lake, job: Job, progress: Progress) -> str:
    """Return how many people were told, or mailed.

    Raises
    ------
    Rejected
        ``bad-part``: the job asks for another part than there is.
    Transient
        ``no-mail``, ``mail-unsure``: the mail server takes nothing now.
    """
    parts: dict[str, Callable[[Lake, Progress], str]] = {TELL: _tell, MAIL: _mail}
    part = parts.get(job.args.get("part", TELL))
    if part is None:
        raise Rejected("People are told or mailed.", code="bad-part")
    return part(lake, progress)


def _tell(lake: Lake, progress: Progress) -> str:
    progress("Looking at files that are done", 0.0)
    senders = tell_of_batches(lake.operations)
    progress("Looking at followed targets", 0.3)
    looks = tell_followers(lake)
    return f"Told {senders} senders of their files, and looked at {looks} followed targets."


def _mail(lake: Lake, progress: Progress) -> str:
    if not can_mail(lake.settings):
        return "No mail is sent here."
    due, sent = people_due(lake.operations), 0
    for number, person in enumerate(due):
        progress("Writing to people", number / len(due))
        is_required = lake.settings.staff_second_factor
        reader = acting(lake.operations, person, is_required_of_staff=is_required) or person
        letter = claim_letter(lake.operations, reader)
        if letter is not None:
            sent += _send(lake, letter)
    return f"Mailed {sent} people."


def _send(lake: Lake, letter: Letter) -> bool:
    """Return whether a letter left; one that the server never takes is given up."""
    count = len(letter.notices)
    subject = f"tomlake: {count} notification{'' if count == 1 else 's'}"
    try:
        send_mail(lake.settings, to=letter.email, subject=subject, text=_text(lake.settings, letter))
    except Transient as error:
        if error.code == _NOT_SENT:
            give_back(lake.operations, letter.claimed_ids)
        if error.code == "mail-refused":
            return False
        raise
    return True


def _text(settings: Settings, letter: Letter) -> str:
    url = settings.public_url
    told = [f"{_line(sentence_of(each))}\n{url}{path_of(each)}" for each in letter.notices[:MOST_IN_LETTER]]
    more = len(letter.notices) - len(told)
    rest = [f"And {more} more, on your account's page."] if more else []
    return "\n\n".join([*told, *rest, _FOOT.format(url=url)])


def _line(text: str) -> str:
    """Return one line: names may hold what a mail does not show."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


_FOOT = """What you are mailed, and how soon, is your wish, on your account's page:
{url}/account
"""
