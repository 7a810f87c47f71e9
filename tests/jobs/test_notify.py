"""People are mailed what they wish, when they wish, once, and nothing that they may not see."""

import smtplib
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path

import pytest
from installations import needs_folder, opened_in
from sqlalchemy import update

from engine.errors import Rejected, Transient
from engine.target import Target, Visibility
from engine.times import mjd_now
from jobs.clock import Clock
from jobs.notify import MAIL, MOST_IN_LETTER, TELL, enqueue_due_notices
from jobs.tasks import TASKS
from lake.inbox.accepting import UploadRequest, accept
from lake.notices.kinds import Kind, Mail, Wish
from lake.notices.mailing import PAUSE_D, STALE_D, last_daily_mjd, people_due
from lake.notices.notices import count_unread, list_notices, mark_read
from lake.notices.tables import notices
from lake.notices.wishes import wish
from lake.opening import Lake
from lake.operations import writing
from lake.people import mail
from lake.people.accounts import User, create_user
from lake.people.comments import add_comment
from lake.people.profile import Profile, change_profile
from lake.queue import Job, claim, enqueue, fail, finish, list_jobs
from lake.rights import SYSTEM
from lake.targets import create_target, get_target, update_target

KILLED = Path(__file__).with_name("killed_mailer.py")
SMTP = {"TOMLAKE_SMTP_URL": "smtps://mail.invalid", "TOMLAKE_MAIL_FROM": "tomlake@example.org"}


class PostOffice:
    """Stands for a mail server, which no test may reach: hand-made, it keeps what it is given."""

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []
        self.refusals: list[Exception] = []  # what it says to the next letters instead of taking them

    def __enter__(self) -> "PostOffice":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def send_message(self, message: EmailMessage) -> None:
        if self.refusals:
            raise self.refusals.pop(0)
        self.messages.append(message)

    def taken(self) -> list[str]:
        """Return to whom letters went since this was asked last."""
        names, self.messages = [str(each["To"]) for each in self.messages], []
        return names


@pytest.fixture
def post_office(monkeypatch: pytest.MonkeyPatch) -> PostOffice:
    office = PostOffice()
    monkeypatch.setattr(mail, "_connected", lambda _url: office)
    return office


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lake]:
    opened = opened_in(tmp_path / "data", **SMTP)
    yield opened
    opened.close()


def person(lake: Lake, name: str, how: Mail = Mail.AT_ONCE) -> User:
    user = create_user(lake.operations, name, "an honest password")
    change_profile(lake.operations, user, Profile(email=f"{name}@example.org"))
    wish(lake.operations, {Kind.MENTION: Wish(mail=how)}, user=user)
    return user


@pytest.fixture
def ada(lake: Lake) -> User:
    return person(lake, "ada")


@pytest.fixture
def target_id(lake: Lake) -> int:
    target = create_target(lake.operations, Target(name="Gaia22 #1", ra_deg=1.0, dec_deg=1.0), by="carl")
    return target.target_id or 0


def say(lake: Lake, target_id: int, text: str) -> None:
    add_comment(lake.operations, target_id, text, by=User(user_id=0, username="carl"))


def aged(lake: Lake, days: float) -> None:
    """Let everything have happened so much earlier."""
    values = {"made_mjd": notices.c.made_mjd - days, "mailed_mjd": notices.c.mailed_mjd - days}
    with writing(lake.operations) as connection:
        connection.execute(update(notices).values(values))


def nothing(_step: str, _fraction: float) -> None:
    """Take what is told."""


def job_of(lake: Lake, part: str) -> Job:
    enqueue(lake.operations, "notify", {"part": part})
    job = claim(lake.operations, "test")
    assert job is not None
    return job


def send(lake: Lake) -> None:
    job = job_of(lake, MAIL)
    finish(lake.operations, job, TASKS["notify"](lake, job, nothing))


def test_a_letter_tells_in_words_what_happened_and_leads_there_once(
    lake: Lake, ada: User, target_id: int, post_office: PostOffice
) -> None:
    say(lake, target_id, "@ada a secret of mine")
    send(lake)
    (letter,) = post_office.messages
    assert (letter["To"], letter["Subject"]) == ("ada@example.org", "tomlake: 1 notification")
    text = letter.get_content()
    assert "carl mentions you in a note on Gaia22 #1." in text
    assert "/target?name=Gaia22+%231&note=1" in text
    assert "/account" in text
    assert "secret" not in text  # what people write stays in the portal, where rights are asked
    send(lake)
    assert len(post_office.messages) == 1
    assert count_unread(lake.operations, ada) == 1


def test_a_letter_about_very_much_stays_short(
    lake: Lake, ada: User, target_id: int, post_office: PostOffice
) -> None:
    for number in range(MOST_IN_LETTER + 2):
        say(lake, target_id, f"@ada {number}")
    send(lake)
    text = post_office.messages[0].get_content()
    assert text.count("carl mentions you") == MOST_IN_LETTER
    assert "And 2 more" in text
    assert people_due(lake.operations) == []


def test_who_did_not_wish_has_no_address_or_read_it_already_is_not_mailed(
    lake: Lake, ada: User, target_id: int, post_office: PostOffice
) -> None:
    silent = person(lake, "silent", Mail.NO)
    homeless = person(lake, "homeless")
    change_profile(lake.operations, homeless, Profile())
    say(lake, target_id, "@ada @silent @homeless")
    mark_read(lake.operations, ada)
    assert people_due(lake.operations) == []
    send(lake)
    assert post_office.taken() == []
    assert len(list_notices(lake.operations, silent)) == 1


def test_what_its_reader_may_not_see_any_more_is_never_mailed(
    lake: Lake, ada: User, target_id: int, post_office: PostOffice
) -> None:
    say(lake, target_id, "@ada")
    target = get_target(lake.operations, target_id, SYSTEM)
    update_target(lake.operations, replace(target, visibility=Visibility.PRIVATE), user=SYSTEM)
    send(lake)
    assert people_due(lake.operations) == []  # nor looked at again and again
    update_target(lake.operations, target, user=SYSTEM)
    send(lake)
    assert post_office.taken() == []
    assert count_unread(lake.operations, ada) == 1


def test_a_daily_letter_waits_for_its_hour_and_holds_the_day(
    lake: Lake, target_id: int, post_office: PostOffice
) -> None:
    person(lake, "dora", Mail.DAILY)
    for number in range(2):
        say(lake, target_id, f"@dora {number}")
    until_now_d = mjd_now() - last_daily_mjd(mjd_now())
    send(lake)
    assert post_office.taken() == []
    aged(lake, until_now_d + 0.01)
    send(lake)
    (letter,) = post_office.messages
    assert letter["Subject"] == "tomlake: 2 notifications"
    assert last_daily_mjd(61000.24) == 60999.25
    assert last_daily_mjd(61000.26) == 61000.25


def test_however_much_happens_letters_leave_a_pause_and_old_news_are_none(
    lake: Lake, ada: User, target_id: int, post_office: PostOffice
) -> None:
    say(lake, target_id, "@ada first")
    send(lake)
    say(lake, target_id, "@ada second")
    send(lake)
    assert post_office.taken() == ["ada@example.org"]
    aged(lake, PAUSE_D)
    send(lake)
    assert post_office.taken() == ["ada@example.org"]
    say(lake, target_id, "@ada third")
    aged(lake, STALE_D)
    send(lake)
    assert post_office.taken() == []


@pytest.mark.parametrize(
    ("refusal", "code", "comes_later"),
    [
        (smtplib.SMTPDataError(451, b"greylisted"), "no-mail", True),
        (smtplib.SMTPRecipientsRefused({"ada@example.org": (450, b"busy")}), "no-mail", True),
        (smtplib.SMTPRecipientsRefused({"ada@example.org": (550, b"nobody")}), "", False),
        (smtplib.SMTPServerDisconnected("gone"), "mail-unsure", False),
        (TimeoutError("late"), "mail-unsure", False),
    ],
)
def test_a_letter_is_sent_again_only_if_it_certainly_did_not_leave(  # noqa: PLR0917
    lake: Lake,
    ada: User,
    target_id: int,
    post_office: PostOffice,
    refusal: Exception,
    code: str,
    comes_later: bool,
) -> None:
    say(lake, target_id, "@ada")
    post_office.refusals = [refusal]
    job = job_of(lake, MAIL)
    if code:
        with pytest.raises(Transient) as trouble:
            TASKS["notify"](lake, job, nothing)
        assert trouble.value.code == code
    else:
        TASKS["notify"](lake, job, nothing)
    finish(lake.operations, job, "")
    send(lake)
    assert post_office.taken() == (["ada@example.org"] if comes_later else [])
    assert count_unread(lake.operations, ada) == 1


@needs_folder
@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_while_it_hands_over_a_letter_it_never_sends_it_twice(
    lake: Lake, ada: User, target_id: int, post_office: PostOffice, tmp_path: Path, when: str
) -> None:
    person(lake, "bob")
    say(lake, target_id, "@ada @bob")
    kept = tmp_path / "kept"
    command = [sys.executable, str(KILLED), str(lake.settings.data_dir), str(kept), when, *SMTP.values()]
    ended = subprocess.run(command, check=False, capture_output=True)
    assert ended.returncode == -9, ended.stderr
    assert kept.exists() == (when == "after")
    send(lake)
    assert post_office.taken() == ["bob@example.org"]
    assert count_unread(lake.operations, ada) == 1  # at most once by mail, always in the portal


def test_the_clock_asks_for_what_is_due_and_for_nothing_else(
    lake: Lake, ada: User, target_id: int, post_office: PostOffice
) -> None:
    clock = Clock(lake.settings, lake.operations, brokers=())
    try:
        assert clock.enqueue_notices() == 0
        with lake.raw.receive() as reception:
            reception.write(b"a file")
            raw_file = reception.finish()
        accept(lake, raw_file, UploadRequest(target="Gaia22 #1", filename="a.fits", uploaded_by="ada"))
        assert clock.enqueue_notices() == 0
        reduction = claim(lake.operations, "test")
        assert reduction is not None
        fail(lake.operations, reduction, Rejected("No.", code="no"))
        say(lake, target_id, "@ada")
        assert [clock.enqueue_notices(), clock.enqueue_notices()] == [2, 2]
        waiting = list_jobs(lake.operations, kind="notify")
        assert sorted(each.args["part"] for each in waiting) == [MAIL, TELL]
        for _ in waiting:
            job = claim(lake.operations, "test")
            assert job is not None
            finish(lake.operations, job, TASKS[job.kind](lake, job, nothing))
        assert clock.enqueue_notices() == 0
    finally:
        clock.stop()
    assert {each.kind for each in list_notices(lake.operations, ada)} == {Kind.FRAMES, Kind.MENTION}
    assert post_office.taken() == ["ada@example.org"]


def test_without_a_mail_server_nothing_is_due_by_mail(lake: Lake, ada: User, target_id: int) -> None:
    say(lake, target_id, "@ada")
    silent = replace(lake.settings, smtp_url="")
    assert enqueue_due_notices(silent, lake.operations) == 0
    assert enqueue_due_notices(lake.settings, lake.operations) == 1
