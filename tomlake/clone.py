"""A working copy of a public lake: its files by HTTP, each checked, then an installation made of them."""

import hashlib
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import requests

from engine.errors import Rejected
from lake.opening import open_lake
from lake.paths import writing_to
from lake.public.load import load_published
from lake.public.manifest import Manifest, Version, manifest_of, versions_json, versions_of
from lake.public.origin import Origin, origin_of, write_origin
from lake.public.place import VERSIONS, Place, manifest_path
from lake.settings import Settings, read_settings
from tomlake.web_lake import LIST_MAX_BYTES, Source, find_public_lake

Progress = Callable[[str, float], None]

_NEEDED_PER_BYTE = 2.5  # the files, the lake made of them, and what is needed meanwhile


def clone(url: str, folder: Path, *, version: str = "", progress: Progress) -> Origin:
    """Return where the copy comes from that is now in a folder: ``TOMLAKE_DATA`` for ``tomlake up``.

    A clone that was interrupted goes on where it stopped.

    Parameters
    ----------
    url
        Address of a portal, or of a copy of its public lake on any web server.
    version
        Name of a version; by default the newest.

    Raises
    ------
    Rejected
        ``no-public-lake``: there is none at the address; ``unknown-version``; ``not-empty``: the folder holds
        something else; ``disk-full``; ``bad-manifest``, ``bad-hash``: what came is not what was published.
    Transient
        ``unreachable``: the server does not answer; what has come is kept for the next attempt.
    """
    settings = read_settings({"TOMLAKE_DATA": str(folder)})
    _refuse_full_folder(settings)
    with requests.Session() as session:
        source = find_public_lake(session, url)
        chosen = _chosen(source, version)
        body = source.get(manifest_path(chosen.name), most_bytes=LIST_MAX_BYTES)
        manifest = _checked_manifest(body, chosen)
        _refuse_small_disk(settings, manifest)
        origin = _origin(source.base, manifest)
        write_origin(settings, replace(origin, is_complete=False))
        place = Place(settings)
        _fetch_files(source, place, settings, manifest, progress)
    place.write(manifest_path(chosen.name), body)
    place.write(VERSIONS, versions_json((chosen,)))
    lake = open_lake(settings)
    try:
        load_published(lake, manifest, lambda words, done: progress(words, 0.6 + 0.4 * done))
    finally:
        lake.close()
    write_origin(settings, origin)
    return origin


def _chosen(source: Source, name: str) -> Version:
    known = versions_of(source.get(VERSIONS, most_bytes=LIST_MAX_BYTES))
    served = [version for version in known if not version.is_withdrawn and name in {"", version.name}]
    if not served:
        words = f"no version {name!r:.80}" if name else "no version yet"
        raise Rejected(f"The public lake at {source.base} has {words}.", code="unknown-version")
    return served[-1]


def _checked_manifest(body: bytes, version: Version) -> Manifest:
    manifest = manifest_of(body)
    if hashlib.sha256(body).hexdigest() != version.manifest_sha256 or manifest.name != version.name:
        raise Rejected(
            f"The manifest of version {version.name} is not the one that was published.", code="bad-hash"
        )
    return manifest


def _fetch_files(
    source: Source, place: Place, settings: Settings, manifest: Manifest, progress: Progress
) -> None:
    parts = settings.data_dir / "spool" / "clone"
    parts.mkdir(parents=True, exist_ok=True)
    come, total = 0, max(manifest.size_bytes, 1)
    for file in manifest.files:
        if not place.has(file.place):
            local = parts / file.sha256
            source.fetch(file, manifest.name, local)
            place.put(local, file.place)
        come += file.size_bytes
        progress(f"Fetching files, {come / 1e6:,.1f} of {total / 1e6:,.1f} MB", 0.6 * come / total)


def _origin(base: str, manifest: Manifest) -> Origin:
    return Origin(
        url=base,
        version=manifest.name,
        made_utc=manifest.made_utc,
        lake_version=manifest.lake_version,
        licence=manifest.licence,
        citation=manifest.citation,
    )


def _refuse_full_folder(settings: Settings) -> None:
    folder = settings.data_dir
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    origin = origin_of(settings) if folder.is_dir() else None
    if origin is None:
        raise Rejected(f"{folder} is not empty: give the name of a new folder.", code="not-empty")
    if origin.is_complete:
        raise Rejected(
            f"{folder} holds a copy of version {origin.version} already: give the name of a new folder.",
            code="not-empty",
        )


def _refuse_small_disk(settings: Settings, manifest: Manifest) -> None:
    with writing_to(settings.data_dir):
        settings.data_dir.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(settings.data_dir).free
    if free < manifest.size_bytes * _NEEDED_PER_BYTE:
        raise Rejected(
            f"The copy needs about {manifest.size_bytes * _NEEDED_PER_BYTE / 1e6:,.0f} MB, and "
            f"{settings.data_dir} has {free / 1e6:,.0f} MB left.",
            code="disk-full",
        )
