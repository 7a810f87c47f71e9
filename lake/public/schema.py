"""The tables of the public lake: every column that may leave, with its unit, UCD1+ and meaning.

A column that is not named here is never published.
"""

from dataclasses import dataclass

import polars as pl

from lake.tables import BATCHES, CALIBRATIONS, FRAMES, PHOTOMETRY

HEALPIX = "_healpix_29"  # nested index of order 29; the name is the one HATS gives it


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column as readers see it."""

    name: str
    dtype: pl.DataType
    unit: str = ""
    ucd: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicTable:
    """One table of the public lake."""

    name: str
    description: str
    columns: tuple[Column, ...]

    @property
    def schema(self) -> dict[str, pl.DataType]:
        """Return the type of each column, in order."""
        return {column.name: column.dtype for column in self.columns}

    def rows(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return exactly the table's columns; others are left out."""
        return rows.select(pl.col(column.name).cast(column.dtype) for column in self.columns)


# name, unit, UCD, description; the types are those of the lake's own tables
_Row = tuple[str, str, str, str]

_POSITION: tuple[Column, ...] = (
    Column(name="ra_deg", dtype=pl.Float64(), unit="deg", ucd="pos.eq.ra;meta.main", description="ICRS"),
    Column(name="dec_deg", dtype=pl.Float64(), unit="deg", ucd="pos.eq.dec;meta.main", description="ICRS"),
    Column(
        name=HEALPIX,
        dtype=pl.Int64(),
        ucd="pos.healpix",
        description="HEALPix cell of the target, order 29, nested",
    ),
)
_TARGET_ID = Column(
    name="target_id", dtype=pl.Int64(), ucd="meta.id.parent", description="number of the target"
)
_TARGET_NAME = Column(name="target", dtype=pl.String(), ucd="meta.id", description="name of the target")

# What one light curve needs stands first, side by side: over HTTP it is then one range of bytes.
_PHOTOMETRY: tuple[_Row, ...] = (
    ("mjd", "d", "time.epoch", "middle of the exposure, UTC, at the observer"),
    ("band", "", "instr.bandpass", "standard band such as g(GaiaSP), or survey band such as ZTF(zg)"),
    ("mag", "mag", "phot.mag", "magnitude in the system of the band"),
    ("mag_err", "mag", "stat.error;phot.mag", "1 sigma"),
    ("limit_mag", "mag", "phot.mag;stat.max", "5 sigma limit where nothing was seen"),
    ("flags", "", "meta.code.qual", "sum of bits, 0 is a clean point; see docs/lake.md"),
    ("source", "", "meta.curation", "archive, or upload"),
    ("facility", "", "instr.tel", "telescope or survey"),
    ("observer", "", "obs.observer", "who is to be credited"),
    ("flux_ujy", "uJy", "phot.flux.density", "flux density"),
    ("flux_err_ujy", "uJy", "stat.error;phot.flux.density", "1 sigma"),
    ("exptime_s", "s", "time.duration;obs.exposure", "exposure time"),
    ("bjd_tdb", "d", "time.epoch;pos.barycenter", "middle of the exposure, BJD, TDB"),
    ("camera", "", "instr", "camera"),
    ("calib_version", "", "meta.version", "code and parameters of the calibration"),
    ("batch_id", "", "meta.ref", "the papers: a row of batches"),
    ("point_id", "", "meta.id;meta.main", "number of the point, the same for ever"),
    ("source_ref", "", "meta.record", "identity of the row at its source"),
)
_FRAMES: tuple[_Row, ...] = (
    ("frame_id", "", "meta.id;meta.main", "one plane of one upload"),
    ("upload_id", "", "meta.id.assoc", "number of the upload"),
    ("plane", "", "meta.id;instr.filter", "empty, or R, G, B of a one-shot-colour frame"),
    ("status", "", "meta.code.status", "measured, limit or rejected"),
    ("code", "", "meta.code", "why it was rejected, for programs"),
    ("reason", "", "meta.note", "the verdict in one sentence"),
    ("sentences", "", "meta.note", "the verdict in full"),
    ("notes", "", "meta.note", "what was noticed while reading the file"),
    ("mjd", "d", "time.epoch", "middle of the exposure, UTC, at the observer"),
    ("exptime_s", "s", "time.duration;obs.exposure", "exposure time"),
    ("filter_name", "", "meta.id;instr.filter", "filter as the header wrote it"),
    ("band", "", "instr.bandpass", "standard band to which the frame was calibrated"),
    ("mag", "mag", "phot.mag", "magnitude of the target"),
    ("mag_err", "mag", "stat.error;phot.mag", "1 sigma"),
    ("stat_err_mag", "mag", "stat.error;phot.mag", "statistical part of mag_err"),
    ("sys_err_mag", "mag", "stat.error.sys;phot.mag", "systematic part of mag_err"),
    ("limit_mag", "mag", "phot.mag;stat.max", "5 sigma limit"),
    ("zero_point_mag", "mag", "phot.mag;arith.zp", "magnitude of 1 ADU/s"),
    ("zero_point_err_mag", "mag", "stat.error;phot.mag;arith.zp", "1 sigma"),
    ("scatter_mag", "mag", "stat.stdev;phot.mag", "scatter of the calibrating stars"),
    ("stars", "", "meta.number", "calibrating stars"),
    ("seeing_arcsec", "arcsec", "instr.obsty.seeing", "full width at half maximum of the stars"),
    (
        "aperture_pix",
        "pix",
        "phys.angSize;instr.pixel",
        "radius of the aperture; 0 where the stars were fitted by their PSF",
    ),
    ("solution_method", "", "meta.note", "how the plate was solved"),
    ("solution_rms_arcsec", "arcsec", "stat.fit.residual;pos.eq", "rms of the plate solution"),
    ("solution_matched", "", "meta.number", "stars of the plate solution"),
    ("pixel_scale_arcsec", "arcsec", "instr.scale;instr.pixel", "size of one pixel"),
    ("wcs_header", "", "pos.wcs", "plate solution as FITS cards"),
    ("raw_sha256", "", "meta.checksum", "SHA-256 of the uploaded file"),
    ("facility", "", "instr.tel", "telescope"),
    ("camera", "", "instr", "camera"),
    ("observer", "", "obs.observer", "who is to be credited"),
    ("calib_version", "", "meta.version", "code and parameters of the calibration"),
    ("flags", "", "meta.code.qual", "sum of bits; see docs/lake.md"),
    ("width_pix", "pix", "pos.cartesian.x", "columns of the frame"),
    ("height_pix", "pix", "pos.cartesian.y", "rows of the frame"),
    ("gain_e_adu", "", "instr.param", "electrons per ADU, as used"),
    ("read_noise_e", "", "instr.det.noise", "electrons, as used"),
    ("saturation_adu", "adu", "instr.saturation", "as used"),
    ("sky_adu", "adu", "instr.skyLevel", "median over the frame"),
    ("noise_adu", "adu", "instr.skyLevel;stat.stdev", "noise of one pixel of sky"),
    ("fwhm_pix", "pix", "phys.angSize;instr.obsty.seeing", "width of the stars at half maximum, as detected"),
    ("sources", "", "meta.number", "sources detected"),
    ("psf_fwhm_pix", "pix", "phys.angSize;instr.det.psf", "width of the fitted PSF at half maximum"),
    ("psf_order", "", "stat.fit.dof", "order of the PSF's polynomial in field position"),
    ("psf_stars", "", "meta.number", "stars that taught the PSF"),
    ("psf_mismatch", "", "stat.fit.residual", "rms of what stars differ from the PSF, as a fraction"),
    ("altitude_deg", "deg", "pos.az.alt", "altitude of the target"),
    ("airmass", "", "obs.airMass", "air in front of the target, 1 at the zenith"),
    ("sun_altitude_deg", "deg", "pos.az.alt", "altitude of the Sun"),
    ("moon_altitude_deg", "deg", "pos.az.alt", "altitude of the Moon"),
    ("moon_separation_deg", "deg", "pos.angDistance", "angle between target and Moon"),
    ("moon_lit", "", "phys.area;arith.ratio", "share of the Moon's face that was lit"),
    ("stages_s", "", "meta.note", "seconds that each stage of the reduction took, as JSON"),
    ("batch_id", "", "meta.ref", "the papers: a row of batches"),
    ("made_mjd", "d", "time.processing", "when the frame was reduced, UTC"),
)
_CALIBRATIONS: tuple[_Row, ...] = (
    ("frame_id", "", "meta.id.parent", "a row of frames"),
    ("upload_id", "", "meta.id.assoc", "number of the upload"),
    ("band", "", "instr.bandpass", "candidate band"),
    ("chosen", "", "meta.code", "whether the frame was calibrated to this band"),
    ("catalogue", "", "meta.ref", "where the calibrating stars come from"),
    ("zero_point_mag", "mag", "phot.mag;arith.zp", "magnitude of 1 ADU/s"),
    ("zero_point_err_mag", "mag", "stat.error;phot.mag;arith.zp", "1 sigma"),
    ("colour_term", "", "stat.fit.param;phot.color", "slope with the stars' colour"),
    ("colour_term_err", "", "stat.error;stat.fit.param;phot.color", "1 sigma"),
    ("colour_bend", "", "stat.fit.param;phot.color", "of the colour term c: times c (c - 1)"),
    ("colour_bend_err", "", "stat.error;stat.fit.param;phot.color", "1 sigma"),
    ("colour_name", "", "meta.id;phot.color", "the colour, such as BP-RP"),
    ("colour_zero_mag", "mag", "phot.color", "colour at which the zero point is quoted"),
    ("scatter_mag", "mag", "stat.stdev;phot.mag", "scatter of the stars"),
    ("intrinsic_mag", "mag", "stat.stdev;phot.mag", "scatter beyond the stars' own errors"),
    ("stars", "", "meta.number", "stars used"),
    ("outlier_fraction", "", "stat.value", "part of the stars that does not fit"),
    ("is_good", "", "meta.code.qual", "whether the fit may be trusted"),
    ("probability", "", "stat.probability", "that this is the band of the filter"),
    ("spatial", "", "stat.fit.param", "slope of the zero point over the field, as JSON; of the chosen band"),
    ("batch_id", "", "meta.ref", "the papers: a row of batches"),
)
_BATCHES: tuple[_Row, ...] = (
    ("batch_id", "", "meta.id;meta.main", "one act that made rows"),
    ("task", "", "meta.code", "kind of work, such as reduce or harvest"),
    ("source", "", "meta.curation", "archive, or upload"),
    ("target_id", "", "meta.id.parent", "number of the target, where the act was for one only"),
    ("code_version", "", "meta.version;meta.software", "version of tomlake"),
    ("parameters", "", "meta.note", "JSON; only what concerns the measurement"),
    ("raw_sha256", "", "meta.checksum", "SHA-256 of the bytes that the rows were read from"),
    ("made_mjd", "d", "time.processing", "when it was done, UTC"),
)


def _columns(rows: tuple[_Row, ...], schema: dict[str, pl.DataType]) -> tuple[Column, ...]:
    return tuple(
        Column(name=name, dtype=schema[name], unit=unit, ucd=ucd, description=description)
        for name, unit, ucd, description in rows
    )


def _column(name: str, dtype: pl.DataType, unit: str, ucd: str, description: str) -> Column:
    return Column(name=name, dtype=dtype, unit=unit, ucd=ucd, description=description)


POINTS = PublicTable(
    name="photometry",
    description="One row is a magnitude, a flux or a limit; sorted by target and time.",
    columns=(_TARGET_ID, *_columns(_PHOTOMETRY, PHOTOMETRY.schema), _TARGET_NAME, *_POSITION),
)
TARGETS = PublicTable(
    name="targets",
    description="One row is an object on the sky; sorted by name.",
    columns=(
        _column("target_id", pl.Int64(), "", "meta.id;meta.main", "number of the target"),
        _column("name", pl.String(), "", "meta.id", "name"),
        *_POSITION,
        _column("epoch", pl.Float64(), "yr", "time.epoch", "Julian year of the position"),
        _column("pm_ra_mas_yr", pl.Float64(), "mas.yr-1", "pos.pm;pos.eq.ra", "includes cos(dec)"),
        _column("pm_dec_mas_yr", pl.Float64(), "mas.yr-1", "pos.pm;pos.eq.dec", "proper motion"),
        _column("classification", pl.String(), "", "src.class", "what it is"),
        _column("description", pl.String(), "", "meta.note", "why it is watched"),
        _column("discovery_mjd", pl.Float64(), "d", "time.epoch", "when it was found, UTC"),
        _column("importance", pl.Float64(), "", "meta.code", "0 to 10"),
        _column("cadence_d", pl.Float64(), "d", "time.interval", "wanted time between observations"),
        _column("simulated", pl.Boolean(), "", "meta.code", "made up: no such object exists"),
        _column("points", pl.Int64(), "", "meta.number", "rows of photometry"),
        _column("first_mjd", pl.Float64(), "d", "time.start", "first point, UTC"),
        _column("last_mjd", pl.Float64(), "d", "time.end", "last point, UTC"),
        _column("photometry", pl.String(), "", "meta.ref", "file of its points, beside this one"),
    ),
)
NAMES = PublicTable(
    name="names",
    description="One row is a name that a target goes by.",
    columns=(
        _column("name", pl.String(), "", "meta.id;meta.main", "name or alias"),
        _column("source", pl.String(), "", "meta.curation", "who calls it so; empty: its name here"),
        _column("target_id", pl.Int64(), "", "meta.id.parent", "number of the target"),
    ),
)
PUBLIC_FRAMES = PublicTable(
    name="frames",
    description="One row is the verdict on one plane of one upload, also when it failed.",
    columns=(_TARGET_ID, *_columns(_FRAMES, FRAMES.schema)),
)
PUBLIC_CALIBRATIONS = PublicTable(
    name="calibrations",
    description="One row is the fit of one candidate band to one frame.",
    columns=(_TARGET_ID, *_columns(_CALIBRATIONS, CALIBRATIONS.schema)),
)
PUBLIC_BATCHES = PublicTable(
    name="batches",
    description="One row is the papers of one act: which code, parameters and bytes made rows.",
    columns=_columns(_BATCHES, BATCHES.schema),
)
CITATIONS = PublicTable(
    name="citations",
    description="One row is an archive or a telescope to be cited or thanked by who uses its points.",
    columns=(
        _column("kind", pl.String(), "", "meta.code.class", "archive or facility"),
        _column("key", pl.String(), "", "meta.id;meta.main", "as in photometry.source or .facility"),
        _column("title", pl.String(), "", "meta.title", "name"),
        _column("bibcode", pl.String(), "", "meta.bib.bibcode", "what to cite"),
        _column("release", pl.String(), "", "meta.version", "data release"),
        _column("acknowledgement", pl.String(), "", "meta.note", "what to write"),
        _column("homepage", pl.String(), "", "meta.ref.url", "where it lives"),
        _column("points", pl.Int64(), "", "meta.number", "rows of photometry that it gave"),
    ),
)
PUBLIC_TABLES = (
    POINTS,
    TARGETS,
    NAMES,
    PUBLIC_FRAMES,
    PUBLIC_CALIBRATIONS,
    PUBLIC_BATCHES,
    CITATIONS,
)
