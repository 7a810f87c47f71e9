"""What makes the tables HATS catalogues: LSDB opens them by their address.

References
----------
HATS, IVOA note of 2025-08-22, https://hats.readthedocs.io.
"""

from lake.public.edition import Edition
from lake.public.manifest import PublishedFile
from lake.public.schema import HEALPIX, PublicTable

_KINDS = {"photometry": "source", "targets": "object"}


def add_hats(edition: Edition, table: PublicTable, *, sorted_by: str, about: dict[str, str]) -> None:
    """Add the files that describe a table's cells of the sky as a HATS catalogue; no cells, no catalogue."""
    prefix = f"{table.name}/dataset/Norder="
    cells = [file for file in edition.files if file.path.startswith(prefix)]
    if not cells:
        return
    edition.add_bytes(f"{table.name}/hats.properties", _properties(table, cells, sorted_by, about))
    edition.add_bytes(f"{table.name}/partition_info.csv", _partitions(cells))
    edition.add_schema(f"{table.name}/dataset/_common_metadata", table)


def _properties(
    table: PublicTable, cells: list[PublishedFile], sorted_by: str, about: dict[str, str]
) -> bytes:
    lines = {
        "obs_collection": f"tomlake_{table.name}",
        "obs_title": table.description,
        "dataproduct_type": _KINDS[table.name],
        "hats_nrows": str(sum(cell.rows for cell in cells)),
        "hats_col_ra": "ra_deg",
        "hats_col_dec": "dec_deg",
        "hats_col_healpix": HEALPIX,
        "hats_col_healpix_order": "29",
        "hats_cols_sort": sorted_by,
        "hats_npix_suffix": ".parquet",
        "hats_order": str(max(cell.order or 0 for cell in cells)),
        "hats_max_rows": str(max(cell.rows for cell in cells)),
        "hats_estsize": str(sum(cell.size_bytes for cell in cells) // 1024),
        "hats_version": "v1.0",
        "moc_sky_fraction": f"{sum(1 / (12 * 4 ** (cell.order or 0)) for cell in cells):.9f}",
        **about,
    }
    return "".join(f"{name}={_escaped(value)}\n" for name, value in lines.items()).encode()


def _partitions(cells: list[PublishedFile]) -> bytes:
    lines = [f"{cell.order},{cell.pixel}\n" for cell in cells]
    return ("Norder,Npix\n" + "".join(lines)).encode()


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\n", " ")
