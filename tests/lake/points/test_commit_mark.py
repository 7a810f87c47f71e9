"""The mark of a catalog is another one after every commit."""

from pathlib import Path

from lake.points.commit_mark import commit_mark


def test_a_file_made_anew_has_a_mark_of_its_own(tmp_path: Path) -> None:
    database = tmp_path / "catalog.sqlite"
    header = Path(f"{database}-shm")
    marks = []
    for _ in range(6):  # file systems give the number of a removed file to the next one but one
        header.write_bytes(bytes(96))
        marks += [commit_mark(database), commit_mark(database)]
        header.unlink()

    assert None not in marks
    assert marks[0::2] == marks[1::2]
    assert len(set(marks)) == 6
    assert commit_mark(database) is None
