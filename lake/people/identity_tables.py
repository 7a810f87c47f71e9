"""Tables of people who sign in through another service: who they are there, and sign-ins under way."""

from sqlalchemy import Column, Double, Integer, String, Table, UniqueConstraint

from lake.columns import belongs_to, key, number, words
from lake.metadata import metadata

identities = Table(
    "identities", metadata,
    # the provider is its issuer: a name in the settings may come to mean another service
    key("identity_id"), words("provider"), words("subject"), belongs_to("users", "user_id"),
    number("made_mjd", required=True),
    UniqueConstraint("provider", "subject"),
    sqlite_autoincrement=True,
)  # fmt: skip

sign_in_attempts = Table(
    "sign_in_attempts", metadata,
    Column("state_sha256", String, primary_key=True), words("browser_sha256"), words("provider"),
    words("nonce"), words("verifier"), words("then_path"),
    Column("user_id", Integer),  # who was signed in, and wants to link; null: nobody
    Column("expires_mjd", Double, nullable=False, index=True),
)  # fmt: skip
