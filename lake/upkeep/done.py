"""What upkeep did: in one step, or in all of them together."""

from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """Counts that can be added."""

    merged: int = 0  # files that became part of larger ones
    rewritten: int = 0  # files that were written again without their deleted rows
    made: int = 0  # files that came in their place
    expired: int = 0  # versions let go
    removed: int = 0  # files removed that no kept version needs
    orphans: int = 0  # files removed that never belonged to a version
    notices: int = 0  # told long ago, and forgotten

    def __add__(self, other: "Done") -> "Done":
        """Return the counts of both."""
        names = [each.name for each in fields(Done)]
        return Done(**{name: getattr(self, name) + getattr(other, name) for name in names})

    @property
    def sentence(self) -> str:
        """Return what was done, in one sentence."""
        told = [
            words
            for number, words in (
                (self.merged, f"{self.merged:,} small files merged"),
                (self.rewritten, f"{self.rewritten:,} files freed of deleted rows"),
                (self.made, f"{self.made:,} files written for them"),
                (self.expired, f"{self.expired:,} old versions let go"),
                (self.removed, f"{self.removed:,} files removed that no version needs"),
                (self.orphans, f"{self.orphans:,} orphaned files removed"),
                (self.notices, f"{self.notices:,} old notices removed"),
            )
            if number
        ]
        return f"{', '.join(told)}." if told else "There was nothing to do."


NOTHING = Done()
