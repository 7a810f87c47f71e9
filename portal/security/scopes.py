"""Which scope of a token a request needs: told by method and path, so that a new route needs the widest.

BHTOM asks for what it reads by POST, so its reading routes are named here.
"""

import re

from lake.people.tokens import Scope
from portal.security.origin import SAFE_METHODS

_UPLOADING = re.compile(
    r"/(upload|dataproducts/upload|session/upload|photometry-upload|api/v1/uploads|api/v1/transfers)"
    r"(?!/\d+/sharing)(/.*)?"
)
_READING = re.compile(
    r"/targets/(getTargetList|get-plots|download-[a-z-]+|get-downloaded-target-list|target-groups"
    r"|targets-from-group)/?"
    r"|/calibration/(get-calibration-res|get-catalogs|get-cpcs-archive|get_alert_lc_data)/?"
    r"|/calibFile/?"
    r"|/common/api/(comments|data|downloadPhotometryFile|reducedDatum|users)/?"
    r"|/observatory/(getObservatoryList|getFavouriteObservatory)/?"
    r"|/(api/)?sql/?"
    r"|/targets/getDownloadedTargetList/?|/api/get-users-details/?"
)


def needed_scope(method: str, path: str) -> Scope:
    """Return what a token must be for, to send this request."""
    if method in SAFE_METHODS or _READING.fullmatch(path):
        return Scope.READ
    if _UPLOADING.fullmatch(path):
        return Scope.UPLOAD
    return Scope.WRITE
