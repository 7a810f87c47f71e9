"""The Python client: light curves as polars tables, uploads that survive a cut connection.

>>> import tomlake
>>> portal = tomlake.connect("https://tomlake.example", token="tl_...")
>>> portal.light_curve("Gaia22dkv", bands=["V(GaiaSP)"])
>>> portal.upload("night/a.fits", target="Gaia22dkv", observatory="ROAD_QHY600M")
"""

import hashlib
import io
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypedDict, Unpack
from urllib.parse import quote, urlsplit

import polars as pl
import requests

from engine.errors import Rejected, Transient
from tomlake.whole_file import write_whole

PIECE_BYTES = 8 << 20
MOST_TARGETS = 100  # in one request
ATTEMPTS = 5
PAUSE_S = 0.5  # before the second attempt; it doubles
MOST_WAIT_S = 120.0
TIMEOUT_S = (10.0, 120.0)
UNFINISHED = ("received", "working")
_CHUNK_BYTES = 1 << 20
Progress = Callable[[int, int], None]  # bytes that are safe, bytes in all
Answer = dict[str, Any]


class Question(TypedDict, total=False):
    """What a request carries."""

    params: dict[str, Any]
    json: object
    data: Any
    headers: dict[str, str]
    stream: bool


def connect(url: str, token: str = "", *, pause_s: float = PAUSE_S) -> "Portal":
    """Return a portal to ask; without a token it gives what is public.

    Raises
    ------
    Rejected
        ``bad-url``: the address is not one of the web.
    """
    if urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).netloc:
        raise Rejected("Give the address of the portal, such as https://tomlake.example.", code="bad-url")
    return Portal(url.rstrip("/"), token, pause_s=pause_s)


class Portal:
    """One tomlake on the web; made by :func:`connect`."""

    def __init__(self, url: str, token: str, *, pause_s: float) -> None:
        self.url = url
        self._pause_s = pause_s
        self._session = requests.Session()
        if token:
            self._session.headers["Authorization"] = f"Bearer {token}"

    def targets(self, **filters: object) -> pl.DataFrame:
        """Return every target that you may see; filters are those of ``GET /api/v1/targets``."""
        return pl.DataFrame(list(self._pages("/targets", filters)), infer_schema_length=None)

    def target(self, name: str) -> Answer:
        """Return one target."""
        return self._json("GET", f"/targets/{quote(name, safe='')}")

    def add_target(self, name: str, ra_deg: float, dec_deg: float, **fields: object) -> Answer:
        """Return a new target; fields are those of ``POST /api/v1/targets``."""
        body = {"name": name, "ra_deg": ra_deg, "dec_deg": dec_deg, **fields}
        return self._json("POST", "/targets", json=body, headers=_own_key())

    def light_curve(
        self,
        name: str,
        *,
        as_of: str | int = "",
        bands: Sequence[str] = (),
        sources: Sequence[str] = (),
        without_repeats: bool = False,
    ) -> pl.DataFrame:
        """Return a light curve with every column; ``as_of`` is a snapshot, a version or a date."""
        wanted = {
            "as_of": str(as_of), "bands": list(bands), "sources": list(sources),
            "without_repeats": str(without_repeats).lower(), "format": "parquet",
        }  # fmt: skip
        answer = self._ask("GET", f"/targets/{quote(name, safe='')}/light-curve", params=wanted)
        return pl.read_parquet(io.BytesIO(answer.content))

    def light_curves(self, names: Sequence[str], *, as_of: str | int = "") -> pl.DataFrame:
        """Return the light curves of many targets in one table; all are of the same version."""
        parts: list[pl.DataFrame] = []
        for first in range(0, len(names), MOST_TARGETS):
            wanted = {"targets": list(names[first : first + MOST_TARGETS]), "as_of": str(as_of)}
            answer = self._ask("GET", "/light-curves", params=wanted | {"format": "parquet"})
            as_of = as_of or answer.headers["X-Tomlake-Lake-Version"]
            parts.append(pl.read_parquet(io.BytesIO(answer.content)))
        return pl.concat(parts) if parts else pl.DataFrame()

    def changes(self, name: str, *, since: str = "") -> Answer:
        """Return what of a light curve is new since the ``next`` of the answer before."""
        return self._json(
            "GET", f"/targets/{quote(name, safe='')}/light-curve/changes", params={"since": since}
        )

    def download(self, name: str, path: str | Path, *, format: str = "csv") -> Path:  # noqa: A002
        """Return the file into which a light curve was written, in a format that the portal knows.

        It is whole or not there: half a file never has its name.
        """
        address = f"/targets/{quote(name, safe='')}/light-curve"
        with self._ask("GET", address, params={"format": format}, stream=True) as answer:
            return write_whole(path, answer.iter_content(_CHUNK_BYTES))

    def upload(
        self, path: str | Path, *, target: str, progress: Progress | None = None, **about: object
    ) -> Answer:
        """Return the upload that a file became; about are fields of ``POST /api/v1/uploads``.

        The file goes in pieces: after a cut connection it goes on where it stood.
        """
        place = Path(path)
        with place.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        size_bytes = place.stat().st_size
        told = {"target": target, "filename": place.name, "size_bytes": size_bytes, "sha256": sha256, **about}
        begun = self._json("POST", "/transfers", json=told, headers=_own_key())
        try:
            return self._send(place, begun, progress or (lambda _done, _all: None))
        except Rejected as refusal:
            made = self._made_of(sha256, target) if refusal.code == "unknown-transfer" else None
            if made is None:
                raise
            return made

    def upload_now(self, upload_id: int) -> Answer:
        """Return how an upload is faring."""
        return self._json("GET", f"/uploads/{upload_id}")

    def wait(self, upload_id: int, *, most_s: float = 600.0, every_s: float = 2.0) -> Answer:
        """Return an upload once its verdict is in, or as it stands after ``most_s``."""
        end_s = time.monotonic() + most_s
        while True:
            sent = self.upload_now(upload_id)
            if sent["status"] not in UNFINISHED or time.monotonic() > end_s:
                return sent
            time.sleep(every_s)

    def sql(self, statement: str, *, version: str = "") -> pl.DataFrame:
        """Return the rows of one SELECT over the public lake."""
        asked = {"sql": statement, "format": "parquet"} | ({"version": version} if version else {})
        return pl.read_parquet(io.BytesIO(self._ask("POST", "/api/sql", data=asked).content))

    def _made_of(self, sha256: str, target: str) -> Answer | None:
        """Return the upload that a file has become, where the connection was cut before that was told."""
        newest = self._json("GET", "/uploads", params={"target": target, "limit": 1000})["items"]
        return next((each for each in newest if each["sha256"] == sha256), None)

    def _send(self, place: Path, begun: Answer, progress: Progress) -> Answer:
        at, size_bytes = f"/transfers/{begun['transfer_id']}", int(begun["size_bytes"])
        offset_bytes, failures = 0, 0
        with place.open("rb") as file:
            while True:
                progress(offset_bytes, size_bytes)
                file.seek(offset_bytes)
                try:
                    stands = self._once(
                        "PATCH", at, data=file.read(PIECE_BYTES), headers={"Upload-Offset": str(offset_bytes)}
                    ).json()
                except Transient as error:
                    failures += 1
                    if failures >= ATTEMPTS:
                        raise
                    self._wait(error, failures)
                    stands = self._json("GET", at)
                if stands.get("upload") is not None:
                    progress(size_bytes, size_bytes)
                    return dict(stands["upload"])
                if stands["offset_bytes"] > offset_bytes:
                    failures = 0
                offset_bytes = int(stands["offset_bytes"])

    def _pages(self, path: str, filters: dict[str, object]) -> Iterator[Answer]:
        cursor: str | None = ""
        while cursor is not None:
            page = self._json("GET", path, params=filters | {"cursor": cursor})
            yield from page["items"]
            cursor = page["next"]

    def _json(self, method: str, path: str, **request: Unpack[Question]) -> Answer:
        answer: Answer = self._ask(method, path, **request).json()
        return answer

    def _ask(self, method: str, path: str, **request: Unpack[Question]) -> requests.Response:
        """Ask until there is an answer; what makes things carries a key, or is refused the second time."""
        for attempt in range(1, ATTEMPTS):
            try:
                return self._once(method, path, **request)
            except Transient as error:
                self._wait(error, attempt)
        return self._once(method, path, **request)

    def _wait(self, error: Transient, attempt: int) -> None:
        """Wait as long as the server said, or longer and longer where it said nothing."""
        told_s = min(error.retry_after_s or 0.0, MOST_WAIT_S) if error.code != "unreachable" else 0.0
        time.sleep(max(told_s, self._pause_s * 2**attempt))

    def _once(self, method: str, path: str, **request: Unpack[Question]) -> requests.Response:
        address = self.url + (path if path.startswith("/api/") else f"/api/v1{path}")
        try:
            answer = self._session.request(method, address, timeout=TIMEOUT_S, **request)
        except requests.RequestException as error:
            raise Transient(f"{self.url} does not answer: {error}.", code="unreachable") from error
        if answer.ok:
            return answer
        raise _refusal(answer)


def _own_key() -> dict[str, str]:
    """Return a header by which a request that is sent again is known: its work is done once."""
    return {"Idempotency-Key": uuid.uuid4().hex}


def _refusal(answer: requests.Response) -> Rejected | Transient:
    try:
        told = answer.json()
    except requests.JSONDecodeError:
        told = {}
    told = told if isinstance(told, dict) else {}
    reason = str(told.get("detail") or f"{answer.url} answered {answer.status_code}.")
    code = str(told.get("code") or f"status-{answer.status_code}")
    if answer.status_code >= 500 or answer.status_code == 429 or "Retry-After" in answer.headers:
        wait = answer.headers.get("Retry-After", "")
        return Transient(reason, code=code, retry_after_s=float(wait) if wait.isdigit() else 0.0)
    return Rejected(reason, code=code)
