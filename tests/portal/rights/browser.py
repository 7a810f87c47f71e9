"""A visitor's browser, which reads everything that it is sent: elements, tables, pictures, files."""

import io
from collections.abc import Callable, Mapping
from hashlib import sha256

import numpy as np
import pytest
import streamlit as st
from everything_told import told_by
from page_visits import SHELL, TIMEOUT_S
from PIL import Image
from streamlit.runtime.media_file_manager import MediaFileManager
from streamlit.runtime.memory_media_file_storage import MemoryMediaFileStorage
from streamlit.testing.v1 import AppTest, app_test

from portal.security.cookie import SESSION_COOKIE

_PNG = b"\x89PNG"
_DRAWN_LATER = ("image/", "application/pdf")  # the same drawing as on the page
ELSEWHERE = "terms"  # a page with nothing on it
_SENT: list[bytes] = []


class _Storage(MemoryMediaFileStorage):
    """Where pages lay their pictures and files: what is laid there is read."""

    def load_and_get_id(self, path_or_data: str | bytes, *rest: object, **more: object) -> str:
        if isinstance(path_or_data, bytes):
            _SENT.append(path_or_data)
        return super().load_and_get_id(path_or_data, *rest, **more)  # type: ignore[arg-type]


class _Files(MediaFileManager):
    """What pages would make when a button is pressed is made at once."""

    def add_deferred(
        self, data_callable: Callable[[], bytes | str], mimetype: str | None, *rest: object, **more: object
    ) -> str:
        if not (mimetype or "").startswith(_DRAWN_LATER):
            _SENT.append(told_by(data_callable()).encode("latin-1", "replace"))
        return super().add_deferred(data_callable, mimetype, *rest, **more)  # type: ignore[arg-type]


def read_files(patches: pytest.MonkeyPatch) -> None:
    """Let every file that a page gives be read, as a browser could."""
    patches.setattr(app_test, "MemoryMediaFileStorage", _Storage)
    patches.setattr(app_test, "MediaFileManager", _Files)


class Browser:
    """One visitor, who goes from page to page."""

    def __init__(self, patches: pytest.MonkeyPatch, session_id: str) -> None:
        self._patches = patches
        self._cookies = {SESSION_COOKIE: session_id} if session_id else {}
        self.at = AppTest.from_file(SHELL, default_timeout=TIMEOUT_S)
        self._is_new = True
        self._last = ""
        self._chosen: set[str] = set()

    def open(self, page: str, query: Mapping[str, str], state: Mapping[str, object]) -> str:
        """Return everything that a page sends under an address."""
        self._patches.setattr(type(st.context), "cookies", property(lambda _: self._cookies))
        if self._is_new:
            self.at.run()
            self._is_new = False
        if page == self._last and not state:  # an address is opened anew: no tab stays open from before
            self.at.switch_page(f"../pages/{ELSEWHERE}.py").run()
            for name in self._chosen:
                self._forget(name)
        self._last, self._chosen = page, self._chosen | set(state)
        self.at.query_params.clear()
        self.at.query_params.update(query)
        for name, value in state.items():
            self.at.session_state[name] = value
        _SENT.clear()
        self.at.switch_page(f"../pages/{page}.py").run()
        assert not self.at.exception, (page, dict(query), self.at.exception)
        return "\n".join([*_protos(self.at._tree), *map(_read, _SENT)])

    def _forget(self, name: str) -> None:
        if name in self.at.session_state:
            del self.at.session_state[name]

    def has(self, page: str) -> bool:
        """Return whether a page is there for this visitor."""
        try:
            self.at.switch_page(f"../pages/{page}.py")
        except ValueError:
            return False
        return True


def picture_mark(pixels: np.ndarray) -> str:
    """Return by what a picture is known again."""
    return sha256(np.ascontiguousarray(pixels[..., :3], dtype=np.uint8).tobytes()).hexdigest()


def _protos(node: object) -> list[str]:
    proto = getattr(node, "proto", None)
    told = [] if proto is None else [proto.SerializeToString().decode("latin-1")]
    for child in getattr(node, "children", {}).values():
        told += _protos(child)
    return told


def _read(body: bytes) -> str:
    if body.startswith(_PNG):
        with Image.open(io.BytesIO(body)) as picture:
            return picture_mark(np.asarray(picture.convert("RGB")))
    return body.decode("latin-1")
