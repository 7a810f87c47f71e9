"""Every table that is not in ``lake.operations``: whoever imports this has them all registered."""

from lake import said_tables
from lake.inbox import quarantine_table
from lake.notices import tables as notice_tables
from lake.people import account_tables, identity_tables, list_tables, tables

__all__ = [
    "account_tables", "identity_tables", "list_tables", "notice_tables", "quarantine_table", "said_tables",
    "tables",
]  # fmt: skip
