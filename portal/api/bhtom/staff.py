"""Routes that only staff may ask, in the words of BHTOM's framework."""

from typing import Annotated

from fastapi import Depends

from lake.people.accounts import User
from portal.api.identity import SignedIn
from portal.api.reply import Refused

NO_PERMISSION = "You do not have permission to perform this action."


def no_permission(sentence: str = NO_PERMISSION) -> Refused:
    """Return the 403 of BHTOM's framework."""
    return Refused(403, {"detail": sentence})


def staff(user: SignedIn) -> User:
    """Return the user who asks; anybody but staff gets BHTOM's 403."""
    if not user.is_staff:
        raise no_permission()
    return user


Staff = Annotated[User, Depends(staff)]
