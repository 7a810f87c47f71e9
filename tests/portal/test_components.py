"""The portal's own page elements."""

import re
from pathlib import Path

import pytest

from portal import components
from portal.components.mounts import WORDS

FOLDER = Path(components.__file__).parent


@pytest.mark.parametrize("name", WORDS)
def test_an_element_is_handed_just_the_texts_that_it_says(name: str) -> None:
    html, script = ((FOLDER / f"{name}.{kind}").read_text() for kind in ("html", "js"))
    said = re.findall(r'data-say="([^"]+)"', html) + re.findall(r'\bsay\("([^"]+)"', script)
    assert set(said) == set(WORDS[name])
    bare = re.sub(r"<[^>]+>|\s", "", html)
    assert not bare, "a text that nobody could translate"
    assert not re.search(r'(aria-label|title|placeholder|alt)="', html)
    assert not re.search(r'(textContent =|throw new \w+\() *"\w', script)
