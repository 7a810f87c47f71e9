"""What a name means that is not among the targets: asked outside once, then kept for a while."""

from engine.brokers.asking.client import HttpClient
from engine.brokers.gaia_alerts import INDEX_URL
from engine.brokers.names.resolve import Resolved
from jobs.kept_answers import KeptAnswers
from lake.looked_up import look_up
from lake.settings import read_settings


def named(name: str) -> Resolved:
    """Return the object of a name and who knew it, with the accounts that are set here."""
    settings = read_settings()
    kept = settings.data_dir / "kept"
    with HttpClient(secrets=settings.secrets) as http:
        return look_up(kept / "names", KeptAnswers(http, kept, urls=[INDEX_URL]), name)
