"""Tables of what an account has beside its name and password; they hang on ``lake.operations``' users."""

from sqlalchemy import BigInteger, Column, Double, ForeignKey, PrimaryKeyConstraint, String, Table

from lake.columns import belongs_to, key, number, words, yes_no
from lake.metadata import metadata


def _of_user() -> Column[int]:
    """Return the column of a table that has at most one row for each account."""
    owner = ForeignKey("users.user_id", ondelete="CASCADE")
    return Column("user_id", owner, primary_key=True, autoincrement=False)


profiles = Table(
    "profiles", metadata,
    _of_user(), words("affiliation"), words("orcid"), words("latex_name"), words("email"),
)  # fmt: skip

second_factors = Table(
    "second_factors", metadata,
    _of_user(), words("secret"), number("made_mjd", required=True), number("confirmed_mjd"),
    # the half minute of the last code that was good: no code of it or before it is good again
    Column("last_step", BigInteger, nullable=False, default=0),
)  # fmt: skip

recovery_codes = Table(
    "recovery_codes", metadata,
    Column("code_sha256", String, primary_key=True), belongs_to("users", "user_id"), number("used_mjd"),
)  # fmt: skip

accepted_terms = Table(
    "accepted_terms", metadata,
    belongs_to("users", "user_id"), words("version"), words("text_sha256"),
    number("accepted_mjd", required=True),
    PrimaryKeyConstraint("user_id", "version", "text_sha256"),
)  # fmt: skip

# Who asked for an account. They are no users yet: nothing that looks there can meet them.
sign_ups = Table(
    "sign_ups", metadata,
    key("sign_up_id"), words("username"), words("full_name"), words("affiliation"), words("email"),
    words("note"), words("password_hash"), words("terms"), words("terms_sha256"),
    yes_no("is_ready"),  # for staff to look at: the address is confirmed, or is not asked for
    Column("asked_mjd", Double, nullable=False, index=True),
    sqlite_autoincrement=True,
)  # fmt: skip

# Links that are good once and not for long: of what is in them, only the sha256 is kept.
links = Table(
    "links", metadata,
    Column("key_sha256", String, primary_key=True), words("purpose"),
    Column("about", BigInteger, nullable=False, default=0), Column("expires_mjd", Double, nullable=False),
)  # fmt: skip
