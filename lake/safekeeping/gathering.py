"""Bringing all files of one moment into the place of a backup."""

from pathlib import Path

from engine.errors import Rejected, Transient
from lake.opening import Lake
from lake.provenance import code_version
from lake.safekeeping.checksums import Checksum, database_checksums
from lake.safekeeping.manifest import Manifest, new_name, readable
from lake.safekeeping.moment import Moment, moment_of
from lake.safekeeping.packing import pack
from lake.safekeeping.place import Piece, Place
from lake.safekeeping.sums import Progress, Sums, TableSums, table_sums
from lake.safekeeping.transfer import Load, transfer
from lake.safekeeping.wanted import RAW, STORE, raw_files, used_raw_files

DATABASES = "databases"
_MOMENTS = 5  # tried when files vanish while they are copied


class Gathering:
    """One backup on its way.

    Parameters
    ----------
    folder
        Where files of this work are kept while it runs.
    """

    def __init__(self, lake: Lake, place: Place, *, folder: Path, progress: Progress) -> None:
        self._lake = lake
        self._place = place
        self._folder = folder
        self._progress = progress
        self._present = place.sizes()
        self._earlier = readable(place)
        self._pieces = {
            piece.path: piece
            for manifest in self._earlier
            for piece in manifest.pieces
            if self._present.get(piece.path) == piece.size_bytes
        }
        self._known: TableSums = self._earlier[-1].tables if self._earlier else {}
        self._sources = {
            kind: Place(lake.settings, url, spool_dir=folder)
            for kind, url in ((STORE, lake.settings.store_url), (RAW, lake.settings.raw_url))
        }
        self.absent: frozenset[str] = frozenset()  # files that the lake should have and has not
        self.copied_files = 0
        self.copied_bytes = 0

    def manifest(self) -> Manifest:
        """Return what the place now holds of one moment.

        Raises
        ------
        Rejected
            ``other-lake``
        Transient
            ``lake-busy``: files kept vanishing.
        """
        for _ in range(_MOMENTS):
            with moment_of(self._lake) as moment:
                self._refuse_other_lake(moment)
                wanted, absent = self._bring(moment)
                sums = self._add_up(moment, absent)
                unreadable = {f"{STORE}/{path}" for path in sums.unreadable}
                for path in unreadable:
                    self._pieces.pop(path, None)  # what cannot be read is not held, even if it was copied
                absent |= unreadable
                is_known = not absent or absent == self.absent
                self.absent = absent
                if (
                    is_known
                ):  # otherwise files were cleaned up meanwhile, and a newer moment does without them
                    return self._written_down(moment, wanted, sums)
        raise Transient("The lake's files kept vanishing during the copy; try again.", code="lake-busy")

    def _bring(self, moment: Moment) -> tuple[set[str], frozenset[str]]:
        """Return the files of a moment, and those that the lake has not."""
        here = {f"{STORE}/{path}" for path in self._sources[STORE].sizes()}
        wanted = {f"{STORE}/{path}" for path in moment.data_files()}
        raw = {f"{RAW}/{path}" for path in raw_files(self._sources[RAW])}
        held_raw = {path for manifest in self._earlier for path in (each.path for each in manifest.raw)}
        if held_raw - raw:
            wanted |= {f"{RAW}/{path}" for path in used_raw_files(self._lake, moment)} & held_raw
        wanted |= raw
        absent = wanted - here - raw
        missing = self._copy(sorted(wanted - absent - self._pieces.keys()))
        return wanted, frozenset(absent | missing)

    def _copy(self, paths: list[str]) -> frozenset[str]:
        loads = []
        for path in paths:
            kind, _, inside = path.partition("/")
            loads.append(Load(source=self._sources[kind], path=inside, to=path))
        done = transfer(
            loads, self._place, present=self._present, step="Copying files", progress=self._progress
        )
        self._pieces |= done.pieces
        self.copied_files += done.copied_files
        self.copied_bytes += done.copied_bytes
        return done.missing

    def _written_down(self, moment: Moment, wanted: set[str], sums: Sums) -> Manifest:
        held = [self._pieces[path] for path in sorted(wanted & self._pieces.keys())]
        return Manifest(
            name=new_name(moment.made_mjd, moment.version),
            made_mjd=moment.made_mjd,
            lake_id=moment.lake_id,
            lake_version=moment.version,
            code_version=code_version(),
            operations=self._database(moment.operations),
            catalog=self._database(moment.catalog),
            store=tuple(piece for piece in held if piece.path.startswith(f"{STORE}/")),
            raw=tuple(piece for piece in held if piece.path.startswith(f"{RAW}/")),
            databases=_databases(moment),
            tables=sums.tables,
            lost=tuple(sorted(self.absent - self._pieces.keys())),
        )

    def _add_up(self, moment: Moment, absent: frozenset[str]) -> Sums:
        sums = table_sums(
            self._lake.settings,
            moment.catalog,
            known=self._known,
            without={path.removeprefix(f"{STORE}/") for path in absent},
            progress=self._progress,
        )
        self._known = sums.tables
        return sums

    def _database(self, file: Path) -> Piece:
        packed = pack(file, self._folder / f"{file.name}.zst")
        source = Place(self._lake.settings, str(packed.parent), spool_dir=self._folder)
        piece = source.piece(packed.name)
        to = f"{DATABASES}/{piece.sha256}.sqlite.zst"
        if to not in self._pieces:
            load = Load(source=source, path=packed.name, to=to, expected=piece)
            self._pieces |= transfer(
                [load], self._place, present=self._present, step="Copying databases", progress=self._progress
            ).pieces
            self.copied_files += 1
            self.copied_bytes += piece.size_bytes
        return self._pieces[to]

    def _refuse_other_lake(self, moment: Moment) -> None:
        if self._earlier and self._earlier[-1].lake_id != moment.lake_id:
            raise Rejected(
                f"{self._place.url} holds backups of another lake: choose another place.", code="other-lake"
            )


def _databases(moment: Moment) -> dict[str, Checksum]:
    return database_checksums(moment.operations) | database_checksums(moment.catalog)
