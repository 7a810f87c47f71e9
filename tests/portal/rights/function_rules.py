"""Functions of the portal that tell a person something: how each is asked, and whom it must tell what."""

from dataclasses import replace
from datetime import date

from rule_kinds import Asked, Counts, Tells
from shared_files import BODY
from shared_things import EVERYBODY, FILES, OWN, TARGETS, WORDS

from lake.inbox.uploads import Upload
from lake.tonight import Asked as Night
from portal import data, home_sections
from portal.accounts import admin, my_account, notices, people, sharing, ways_in
from portal.at_work import watching, work
from portal.frame import frames, sending, verdicts
from portal.light_curve import curves
from portal.light_curve.looks import Look
from portal.light_curve.views import Box, View
from portal.observing import telescopes, tonight
from portal.one_target import bodies, passport, periods, sky, spectra, summary
from portal.public_lake import published
from portal.shell import menu
from portal.target_list import target_search
from portal.target_list.choices import Choices
from portal.target_tabs import cite

THINGS = (*TARGETS, *FILES)


def _frames_of_cameras(asked: Asked) -> str:
    """Return the words of the cameras of which a person sees frames; each camera took frames of one thing."""
    counts = dict(telescopes.cameras_table(asked.user, sort="Name").select("Name", "Frames").iter_rows())
    return " ".join(each.word for each in asked.shared.things.values() if counts[each.oname])


def _frames_of_camera(asked: Asked) -> str:
    page = telescopes.camera_page(asked.thing.oname, asked.user)
    return asked.thing.word if page is not None and page.accuracy.frames else ""


def _plan(asked: Asked) -> object:
    site = tonight.telescopes(asked.user)[0]
    evening = date(2026, 1, 15)  # a long night, far from any other
    night = Night(telescope=site, day=(evening - date(1858, 11, 17)).days)
    return tonight.plan(night, asked.user).rows


def _searched(asked: Asked) -> str:
    """Say the thing's word where a period is found in its points."""
    found = _period(asked)
    return asked.thing.word if found.seen.points else ""


def _period(asked: Asked) -> periods.PeriodSearch:
    return periods.search(asked.thing.target, asked.user, shortest_d=1.0, told=lambda _: None)


def _folded(asked: Asked) -> object:
    if asked.user is None or not asked.user.is_staff:  # what staff found, folded by somebody else
        found = _period(replace(asked, user=asked.shared.user("staff")))
    else:
        found = _period(asked)
    folding = periods.folding(asked.thing.target, asked.user, found, period_d=3.0, epoch=0.0)
    return asked.thing.word if len(folding.rows) else ""


def _all_sent(asked: Asked) -> list[Upload]:
    ids = [number for each in asked.shared.things.values() for number in (each.upload_id, each.spectrum_id)]
    return work.uploads_named(ids, asked.user)


def _circle(asked: Asked) -> people.Group:
    staff = asked.shared.user("staff")
    assert staff is not None
    return next(each for each in people.groups_of(staff) if each.name == WORDS["circle"])


def _cited(asked: Asked) -> object:
    told = cite.citation_of(asked.thing.target, asked.user)
    return replace(told, cited=replace(told.cited, target_name=""))  # the name is what was asked with


def _proposals(asked: Asked) -> object:
    return [watching.proposals_listed(asked.user, state=state) for state in watching.STATES]


def _told_of(word: str, is_so: bool) -> str:
    return word if is_so else ""


def _answered(asked: Asked) -> object:
    told = published.manifest()
    assert told is not None
    sql = "SELECT * FROM targets"
    found = published.answer(sql, told, user=asked.user, address="127.0.0.1")
    assert isinstance(found, published.Result), found
    return found.rows.to_pylist()


_EVERYWHERE = [Box(mjd=(0.0, 1e5), level=(-99.0, 99.0))]
CLOSED = frozenset(THINGS) - {"public"}

TELLING: dict[str, Tells | Counts] = {
    # people
    "accounts.admin.is_staff": Tells(
        ask=lambda a: _told_of(WORDS["staff"], admin.is_staff(a.user)), must=("staff",)
    ),
    "accounts.admin.stuck_jobs": Tells(ask=lambda a: admin.stuck_jobs(a.someone), must=("private",)),
    "accounts.admin.audit_lines": Tells(
        ask=lambda a: admin.audit_lines(a.someone, kind="Sign-ins", who="", since="ever"), must=("staff",)
    ),
    "accounts.my_account.own_profile": Tells(ask=lambda a: my_account.own_profile(a.someone), must=("own",)),
    "accounts.my_account.downloads": Tells(ask=lambda a: my_account.downloads(a.someone, limit=99)),
    "accounts.notices.own_notices": Tells(ask=lambda a: notices.own_notices(a.someone, limit=99)),
    "accounts.notices.unread_count": Tells(ask=lambda a: notices.unread_count(a.user)),
    "accounts.notices.own_wishes": Tells(ask=lambda a: notices.own_wishes(a.someone)),
    "accounts.notices.has_address": Tells(ask=lambda a: notices.has_address(a.someone)),
    "accounts.notices.own_follow": Tells(
        ask=lambda a: notices.own_follow(a.thing.target, a.someone), of=TARGETS
    ),
    "accounts.my_account.own_sessions": Tells(
        ask=lambda a: my_account.own_sessions(a.someone, this=""), must=("own",)
    ),
    "accounts.my_account.has_no_password": Tells(ask=lambda a: my_account.has_no_password(a.someone)),
    "accounts.my_account.is_guarded": Tells(ask=lambda a: my_account.is_guarded(a.someone)),
    "accounts.my_account.codes_left": Tells(ask=lambda a: my_account.codes_left(a.someone)),
    "accounts.people.groups_of": Tells(
        ask=lambda a: people.groups_of(a.someone), must=("circle", "other circle")
    ),
    "accounts.people.members_of": Tells(
        ask=lambda a: _told_of(WORDS["circle"], bool(people.members_of(_circle(a), a.someone))),
        must=("circle",),
    ),
    "accounts.people.leads": Tells(
        ask=lambda a: _told_of(WORDS["circle"], people.leads(_circle(a), a.someone)),
        must=("circle",),
        who=OWN,
    ),
    "accounts.sharing.groups_to_choose": Tells(
        ask=lambda a: sharing.groups_to_choose(a.someone, a.shared.places.group_id),
        must=("circle", "other circle"),
    ),
    "accounts.ways_in.linked_ways": Tells(ask=lambda a: ways_in.linked_ways(a.someone), must=("own",)),
    # work
    "at_work.watching.proposals_listed": Tells(
        ask=_proposals, must=("proposal", *TARGETS), who=EVERYBODY - {"anonymous"}
    ),
    "at_work.watching.watches_of": Tells(ask=lambda a: watching.watches_of(a.user), must=("watch",)),
    "at_work.watching.labels": Tells(
        ask=lambda a: watching.labels(watching.watches_of(a.user), a.user), must=("watch",)
    ),
    "at_work.work.cameras": Tells(ask=lambda a: work.cameras(a.someone)),
    "at_work.work.uploads_named": Tells(ask=_all_sent, must=THINGS),
    "at_work.work.own_uploads": Tells(
        ask=lambda a: work.own_uploads(a.someone, limit=99), must=THINGS, who=frozenset({"owner"})
    ),
    "at_work.work.jobs_listed": Tells(ask=lambda a: work.jobs_listed(a.user), must=(*THINGS, "field")),
    "at_work.work.is_simulated": Tells(ask=lambda a: work.is_simulated(a.sent, a.user), of=THINGS),
    # targets
    "data.numbers": Counts(ask=lambda a: data.numbers(a.user).targets, of=TARGETS),
    "data.target_named": Tells(
        ask=lambda a: [
            data.target_named(name, a.user)
            for name in (a.thing.target.name, f"{a.thing.word}alias".lower(), str(a.target_id))
        ],
        of=TARGETS,
        must=TARGETS,
    ),
    "data.is_simulated": Tells(ask=lambda a: data.is_simulated(a.thing.target.name, a.user), of=TARGETS),
    "data.similar_targets": Tells(
        ask=lambda a: data.similar_targets(a.thing.target.name + "b", a.user), of=TARGETS, must=TARGETS
    ),
    "data.interesting_targets": Tells(ask=lambda a: data.interesting_targets(a.user), must=TARGETS),
    "data.target_names": Tells(ask=lambda a: data.target_names(a.user), must=TARGETS),
    "data.targets_page": Tells(ask=lambda a: data.targets_page(data.TargetFilter(), a.user), must=TARGETS),
    "home_sections.newest_points": Tells(ask=lambda a: home_sections.newest_points(a.user), must=TARGETS),
    "home_sections.newest_comments": Tells(ask=lambda a: home_sections.newest_comments(a.user), must=TARGETS),
    "target_list.target_search.search_of": Tells(
        ask=lambda a: target_search.search_of(
            a.shared.lake, Choices(near=a.thing.target.name.lower()), a.user
        ),
        of=TARGETS,
        must=TARGETS,
    ),
    "target_list.target_search.group_names": Tells(
        ask=lambda a: target_search.group_names(a.shared.lake, a.user), must=TARGETS
    ),
    "target_list.target_search.saved_lists": Tells(
        ask=lambda a: target_search.saved_lists(a.shared.lake, a.user), must=("own",)
    ),
    # frames
    "frame.frames.page_of": Tells(
        ask=lambda a: [
            frames.page_of(each, a.user) for each in (a.thing.frame_id, f"u{a.thing.spectrum_id}")
        ],
        of=THINGS,
        must=THINGS,
    ),
    "frame.frames.target_of": Tells(ask=lambda a: frames.target_of(a.sent, a.user), of=TARGETS, must=TARGETS),
    "frame.sending.last_camera": Tells(ask=lambda a: sending.last_camera(a.someone)),
    "frame.sending.became": Tells(ask=lambda a: sending.became(_all_sent(a), a.user), must=THINGS),
    "frame.verdicts.verdicts_of_target": Tells(
        ask=lambda a: verdicts.verdicts_of_target(a.target_id, a.user), of=TARGETS, must=THINGS
    ),
    "frame.verdicts.verdicts_of_upload": Tells(
        ask=lambda a: verdicts.verdicts_of_upload(a.thing.upload_id, a.user), of=THINGS, must=THINGS
    ),
    "frame.verdicts.latest_observations": Tells(
        ask=lambda a: verdicts.latest_observations(a.user), must=THINGS
    ),
    # light curves
    "light_curve.curves.closed_of": Tells(ask=lambda a: curves.closed_of(a.target_id, a.user), of=TARGETS),
    "one_target.summary.summary_of": Tells(
        ask=lambda a: summary.summary_of(a.target_id, a.user), of=TARGETS, must=TARGETS
    ),
    "light_curve.curves.light_curve": Tells(
        ask=lambda a: curves.light_curve(a.target_id, a.user), of=TARGETS, must=THINGS
    ),
    "light_curve.curves.chart_of": Tells(
        ask=lambda a: curves.chart_of(a.target_id, a.user), of=TARGETS, must=THINGS
    ),
    "light_curve.curves.points_within": Tells(
        ask=lambda a: curves.points_within(a.target_id, a.user, Look(), View(), _EVERYWHERE),
        of=TARGETS,
        must=THINGS,
    ),
    "light_curve.curves.flux_panels": Tells(
        ask=lambda a: curves.flux_panels(a.target_id, a.user), of=TARGETS, must=TARGETS
    ),
    "one_target.bodies.reduced_chart": Tells(
        ask=lambda a: bodies.reduced_chart(replace(a.thing.target, designation=BODY), a.user),
        of=TARGETS,
        must=THINGS,
    ),
    "one_target.passport.passport_of": Tells(
        ask=lambda a: passport.passport_of(a.thing.point_id, a.thing.target, a.user), of=THINGS, must=THINGS
    ),
    "one_target.periods.search": Tells(ask=_searched, of=TARGETS, must=TARGETS),
    "one_target.periods.timed_points": Tells(
        ask=lambda a: periods.timed_points(a.thing.target, a.user), of=TARGETS, must=THINGS
    ),
    "one_target.periods.folding": Tells(ask=_folded, of=TARGETS, must=TARGETS),
    "one_target.sky.placed_frames": Tells(
        ask=lambda a: sky.placed_frames(a.thing.target, a.user), of=TARGETS, must=THINGS
    ),
    "one_target.spectra.spectra": Tells(
        ask=lambda a: spectra.spectra(a.thing.target, a.user), of=TARGETS, must=THINGS
    ),
    "target_tabs.cite.citation_of": Tells(ask=_cited, of=TARGETS, must=THINGS),
    # telescopes and nights
    "observing.telescopes.cameras_table": Tells(ask=_frames_of_cameras, must=THINGS),
    "observing.telescopes.camera_page": Tells(ask=_frames_of_camera, of=THINGS, must=THINGS),
    "observing.telescopes.favourites": Tells(
        ask=lambda a: _told_of(WORDS["own"], bool(telescopes.favourites(a.user))), must=("own",)
    ),
    "observing.tonight.telescopes": Tells(ask=lambda a: tonight.telescopes(a.user)),
    "observing.tonight.plan": Tells(ask=_plan, must=TARGETS),
    "observing.tonight.target_chances": Tells(
        ask=lambda a: tonight.target_chances(a.thing.target, a.user), of=TARGETS
    ),
    # the same for everybody
    "public_lake.published.answer": Tells(ask=_answered, must=("public",), never=CLOSED),
    "shell.menu.entry_of": Tells(ask=lambda a: [menu.entry_of(each, a.user) for each in menu.MENU]),
}
