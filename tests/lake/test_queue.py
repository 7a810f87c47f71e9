from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from installations import settings_in
from sqlalchemy import Engine, delete, update

from engine.errors import NotReady, Rejected, Transient
from engine.times import SECONDS_PER_DAY, mjd_now
from lake.leases import MAX_ATTEMPTS, MAX_DEATHS, MAX_DELAYS
from lake.operations import jobs, open_operations, writing
from lake.queue import (
    Job,
    JobState,
    LeaseLost,
    cancel,
    check_fence,
    claim,
    counts,
    enqueue,
    fail,
    finish,
    get_job,
    heartbeat,
    is_held,
    list_jobs,
    release,
    release_worker,
    remove_old_jobs,
    retry,
)


@pytest.fixture(scope="module")
def operations(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    opened = open_operations(settings_in(tmp_path_factory.mktemp("queue")).operations_url)
    yield opened
    opened.dispose()


@pytest.fixture(autouse=True)
def empty_queue(operations: Engine) -> None:
    _empty(operations)


def _empty(operations: Engine) -> None:
    with writing(operations) as connection:
        connection.execute(delete(jobs))


def _claimed(operations: Engine, worker: str = "w", **options: float) -> Job:
    job = claim(operations, worker, **options)
    assert job is not None
    return job


def _due_now(operations: Engine) -> None:
    with writing(operations) as connection:
        connection.execute(update(jobs).values(not_before_mjd=0.0))


def _pause_s(operations: Engine, job_id: int) -> float:
    return (get_job(operations, job_id).not_before_mjd - mjd_now()) * SECONDS_PER_DAY


def test_a_job_goes_from_waiting_to_done(operations: Engine) -> None:
    job_id = enqueue(operations, "reduce", {"upload_id": "7"})
    job = _claimed(operations)
    assert (job.job_id, job.kind, job.args, job.state) == (job_id, "reduce", {"upload_id": "7"}, "running")
    assert heartbeat(operations, job, progress=0.5, step="Reading")
    assert (get_job(operations, job_id).progress, get_job(operations, job_id).step) == (0.5, "Reading")
    assert finish(operations, job, "It was measured.")
    ended = get_job(operations, job_id)
    assert (ended.state, ended.reason, ended.progress) == (JobState.DONE, "It was measured.", 1.0)
    assert claim(operations, "w") is None


def test_urgent_jobs_come_first_then_the_older(operations: Engine) -> None:
    late, first, second = (enqueue(operations, "x", {}, priority=number) for number in (6, 1, 1))
    assert [_claimed(operations).job_id for _ in range(3)] == [first, second, late]


def test_a_job_waits_for_its_time(operations: Engine) -> None:
    enqueue(operations, "x", {}, not_before_s=3600.0)
    assert claim(operations, "w") is None


def test_two_never_wait_under_one_dedupe_key(operations: Engine) -> None:
    first = enqueue(operations, "x", {}, dedupe="k")
    assert enqueue(operations, "x", {}, dedupe="k") == first
    _claimed(operations)
    second = enqueue(operations, "x", {}, dedupe="k")  # the running one may have read old input
    assert second != first
    assert enqueue(operations, "x", {}, dedupe="k") == second


def test_asking_again_with_more_urgency_ends_the_pause(operations: Engine) -> None:
    job_id = enqueue(operations, "x", {}, dedupe="k", not_before_s=3600.0)
    assert enqueue(operations, "x", {}, dedupe="k", priority=3) == job_id
    assert _claimed(operations).job_id == job_id


def test_a_job_that_waits_again_replaces_its_waiting_twin(operations: Engine) -> None:
    enqueue(operations, "x", {}, dedupe="k")
    job = _claimed(operations)
    twin = enqueue(operations, "x", {}, dedupe="k")
    assert fail(operations, job, Transient("Down.", code="down")) == JobState.WAITING
    assert (get_job(operations, twin).state, get_job(operations, twin).code) == ("cancelled", "superseded")


def test_two_never_run_under_one_lock(operations: Engine) -> None:
    enqueue(operations, "x", {}, lock="target 1")
    second = enqueue(operations, "x", {}, lock="target 1")
    other = enqueue(operations, "x", {}, lock="target 2")
    running = _claimed(operations)
    assert _claimed(operations).job_id == other
    assert claim(operations, "w") is None
    finish(operations, running, "")
    assert _claimed(operations).job_id == second


def test_a_lease_that_ran_out_gives_the_job_to_another_and_the_first_writes_nothing(
    operations: Engine,
) -> None:
    enqueue(operations, "x", {})
    first = _claimed(operations, "slow", lease_s=-1.0)
    assert claim(operations, "quick") is None  # a moment's pause after a death
    _due_now(operations)
    second = _claimed(operations, "quick")
    assert second.fence > first.fence
    assert not is_held(operations, first)
    assert not heartbeat(operations, first)
    assert not finish(operations, first, "late")
    assert not release(operations, first)
    assert fail(operations, first, ValueError()) is None
    with pytest.raises(LeaseLost), writing(operations) as connection:
        check_fence(connection, first)
    with writing(operations) as connection:
        check_fence(connection, second)
    assert finish(operations, second, "in time")
    assert get_job(operations, second.job_id).reason == "in time"


def test_a_heartbeat_lengthens_the_lease(operations: Engine) -> None:
    enqueue(operations, "x", {})
    job = _claimed(operations, lease_s=0.001)
    assert heartbeat(operations, job, lease_s=60.0)
    assert claim(operations, "other") is None
    assert is_held(operations, job)


def test_a_rejected_job_is_not_retried(operations: Engine) -> None:
    job_id = enqueue(operations, "x", {})
    error = Rejected("The header has no EXPTIME.", code="no-exptime")
    assert fail(operations, _claimed(operations), error) == JobState.REJECTED
    ended = get_job(operations, job_id)
    assert (ended.state, ended.reason, ended.code) == ("rejected", "The header has no EXPTIME.", "no-exptime")


def test_a_transient_failure_waits_ever_longer_and_then_gives_up(operations: Engine) -> None:
    job_id = enqueue(operations, "x", {})
    pauses_s = []
    for _ in range(MAX_DELAYS - 1):
        _due_now(operations)
        error = Transient("The archive is down.", code="down", retry_after_s=60.0)
        assert fail(operations, _claimed(operations), error) == JobState.WAITING
        pauses_s.append(_pause_s(operations, job_id))
    assert pauses_s[:3] == pytest.approx([60, 120, 240], abs=2)
    assert max(pauses_s) <= 6 * 3600
    _due_now(operations)
    assert fail(operations, _claimed(operations), Transient("Down.", code="down")) == JobState.DEAD
    assert "given up" in get_job(operations, job_id).reason


def test_a_job_that_is_not_ready_keeps_its_ticket_and_its_attempts(operations: Engine) -> None:
    job_id = enqueue(operations, "x", {})
    for _ in range(2 * MAX_ATTEMPTS):
        _due_now(operations)
        error = NotReady("The archive works on it.", ticket="atlas/42", retry_after_s=30.0)
        assert fail(operations, _claimed(operations), error) == JobState.WAITING
    job = get_job(operations, job_id)
    assert (job.ticket, job.attempts, job.code) == ("atlas/42", 0, "not-ready")
    assert _pause_s(operations, job_id) == pytest.approx(30, abs=2)
    with writing(operations) as connection:
        connection.execute(update(jobs).values(created_mjd=mjd_now() - 8, not_before_mjd=0.0))
    assert fail(operations, _claimed(operations), NotReady("Still.")) == JobState.DEAD


def test_a_bug_is_tried_three_times_and_then_the_job_is_dead(operations: Engine) -> None:
    job_id = enqueue(operations, "x", {})
    states = []
    for _ in range(MAX_ATTEMPTS):
        _due_now(operations)
        states.append(fail(operations, _claimed(operations), ZeroDivisionError("division by zero")))
    assert states == ["waiting", "waiting", "dead"]
    job = get_job(operations, job_id)
    assert job.code == "bug"
    assert "ZeroDivisionError" in job.reason


def test_a_worker_that_dies_on_a_job_again_and_again_leaves_it_dead(operations: Engine) -> None:
    job_id = enqueue(operations, "x", {})
    for _ in range(MAX_DEATHS):
        _due_now(operations)
        _claimed(operations, "w1")
        assert release_worker(operations, "another") == []
        assert release_worker(operations, "w1") == [job_id]
    job = get_job(operations, job_id)
    assert (job.state, job.code) == (JobState.DEAD, "worker-died")
    assert job.reason.startswith(f"The worker died {MAX_DEATHS} times on this job")


def test_a_job_given_back_politely_costs_no_attempt(operations: Engine) -> None:
    enqueue(operations, "x", {})
    for _ in range(MAX_ATTEMPTS + 1):
        job = _claimed(operations)
        assert job.attempts == 1
        assert release(operations, job)


def test_cancel_ends_a_waiting_job_and_stops_a_running_one(operations: Engine) -> None:
    waiting = enqueue(operations, "x", {}, not_before_s=60.0)
    assert cancel(operations, waiting) == JobState.CANCELLED
    running = enqueue(operations, "x", {})
    job = _claimed(operations)
    assert cancel(operations, running) == JobState.RUNNING
    assert not heartbeat(operations, job)
    assert not is_held(operations, job)
    assert fail(operations, job, ValueError()) == JobState.CANCELLED
    assert cancel(operations, running) == JobState.CANCELLED


def test_a_cancelled_job_does_not_come_back_when_its_worker_dies(operations: Engine) -> None:
    job_id = enqueue(operations, "x", {})
    _claimed(operations, "w1")
    cancel(operations, job_id)
    release_worker(operations, "w1")
    assert get_job(operations, job_id).state == JobState.CANCELLED


def test_a_dead_job_can_be_retried_and_a_done_one_not(operations: Engine) -> None:
    job_id = enqueue(operations, "x", {}, dedupe="k")
    fail(operations, _claimed(operations), Rejected("No.", code="no"))
    twin = enqueue(operations, "x", {}, dedupe="k")
    for attempt, code in ((job_id, "already-waiting"), (twin, "not-failed"), (10**9, "unknown-job")):
        with pytest.raises(Rejected) as refusal:
            retry(operations, attempt)
        assert refusal.value.code == code
    cancel(operations, twin)
    retry(operations, job_id)
    job = _claimed(operations)
    assert (job.job_id, job.attempts) == (job_id, 1)
    finish(operations, job, "")
    with pytest.raises(Rejected):
        retry(operations, job_id)


def test_retrying_a_job_without_a_key_minds_no_other(operations: Engine) -> None:
    job_id = enqueue(operations, "x", {})
    fail(operations, _claimed(operations), Rejected("No.", code="no"))
    enqueue(operations, "y", {})
    retry(operations, job_id)
    assert get_job(operations, job_id).state == JobState.WAITING


def test_lists_and_counts_tell_what_there_is(operations: Engine) -> None:
    ids = [enqueue(operations, kind, {}) for kind in ("a", "b", "a")]
    finish(operations, _claimed(operations), "")
    assert [job.job_id for job in list_jobs(operations)] == ids[::-1]
    assert [job.job_id for job in list_jobs(operations, kind="a", state=JobState.WAITING)] == [ids[2]]
    assert [job.job_id for job in list_jobs(operations, limit=1, offset=1)] == [ids[1]]
    assert counts(operations) == dict.fromkeys(JobState, 0) | {JobState.WAITING: 2, JobState.DONE: 1}


def test_only_jobs_done_long_ago_are_removed(operations: Engine) -> None:
    old, _, waiting = (enqueue(operations, "x", {}) for _ in range(3))
    for _ in range(2):
        finish(operations, _claimed(operations), "")
    with writing(operations) as connection:
        connection.execute(update(jobs).where(jobs.c.job_id == old).values(finished_mjd=50000.0))
    assert remove_old_jobs(operations, older_than_d=90.0) == 1
    assert old not in [job.job_id for job in list_jobs(operations)]
    assert get_job(operations, waiting).state == JobState.WAITING


def test_many_threads_claim_each_job_once(operations: Engine) -> None:
    ids = [enqueue(operations, "x", {}, lock=f"l{number % 5}") for number in range(30)]

    def work(number: int) -> list[int]:
        done = []
        while any(job.state == JobState.WAITING for job in list_jobs(operations)):
            job = claim(operations, f"w{number}")
            if job is not None and finish(operations, job, ""):
                done.append(job.job_id)
        return done

    with ThreadPoolExecutor(4) as pool:
        claimed = [job_id for done in pool.map(work, range(4)) for job_id in done]
    assert sorted(claimed) == ids


ACTS = st.sampled_from(["enqueue", "claim", "expire", "finish", "bug", "transient", "cancel", "due"])


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=st.lists(st.tuples(ACTS, st.integers(0, 3)), max_size=25))
def test_whatever_happens_no_two_wait_under_a_key_and_no_two_run_under_a_lock(
    operations: Engine, acts: list[tuple[str, int]]
) -> None:
    _empty(operations)
    held: list[Job] = []
    for act, number in acts:
        job = held[number % len(held)] if held else None
        if act == "enqueue":
            enqueue(operations, "x", {}, dedupe=f"d{number % 2}", lock=f"l{number // 2}")
        elif act == "claim":
            held += [job for job in [claim(operations, "w")] if job is not None]
        elif act == "expire":
            held += [job for job in [claim(operations, "w", lease_s=-1.0)] if job is not None]
        elif act == "due":
            _due_now(operations)
        elif job is not None:
            _end(operations, act, job)
        now = list_jobs(operations)
        waiting = Counter(job.dedupe for job in now if job.state == JobState.WAITING)
        running = Counter(job.lock for job in now if job.state == JobState.RUNNING)
        assert max(waiting.values(), default=0) <= 1
        assert max(running.values(), default=0) <= 1


def _end(operations: Engine, act: str, job: Job) -> None:
    if act == "finish":
        finish(operations, job, "")
    elif act == "cancel":
        cancel(operations, job.job_id)
    else:
        error = ValueError() if act == "bug" else Transient("Down.", code="down")
        fail(operations, job, error)
