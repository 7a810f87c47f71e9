"""What a first visitor would otherwise wait for: imports, the open lake, one read of each kind."""

import gc
import importlib
import pkgutil

import portal
from portal import data
from portal.frame import verdicts
from portal.opened import lake

_SCRIPTS = ("portal.pages", "portal.shell", "portal.serve")  # they draw or serve when they are run


def warm_up() -> None:
    """Import what the pages use, open the lake, read from it once; then let the collector skip all of that.

    A full collection stops every session while it looks at each object there is: 0.2 s after the imports
    alone. What exists now stays until the end, so it is not looked at again.
    """
    for module in pkgutil.walk_packages(portal.__path__, "portal."):
        if not module.name.startswith(_SCRIPTS):
            importlib.import_module(module.name)
    lake().store.version()
    data.numbers(None)
    verdicts.latest_observations(None)
    data.position_of(0.0, 0.0)
    gc.collect()
    gc.freeze()
