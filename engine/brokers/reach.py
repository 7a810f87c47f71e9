"""Which archives can know a target at all: an archive that cannot is not asked."""

from engine.brokers.protocol import Asks, BrokerInfo
from engine.target import Target


def reason_not_to_ask(info: BrokerInfo, target: Target) -> str:
    """Return in words why an archive is not asked for a target; empty where it is."""
    least_deg, most_deg = info.dec_range_deg
    if target.simulated:
        return f"{target.name} is simulated: no archive has seen it."
    if info.asks == Asks.FILE:
        return f"{info.title} has no service: bring its file with `tomlake import`."
    if info.asks == Asks.MOVING and not target.designation:
        return f"{info.title} is asked for bodies of the Solar System only."
    if info.asks != Asks.MOVING and target.designation:
        return f"{target.name} moves: {info.title} is asked for fixed positions only."
    if info.asks != Asks.MOVING and not least_deg <= target.dec_deg <= most_deg:
        return f"{info.title} covers declinations of {least_deg:g}° to {most_deg:g}° only."
    return ""
