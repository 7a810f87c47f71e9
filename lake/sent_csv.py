"""A CSV that somebody sent, as text, whatever program wrote it."""

from engine.errors import Rejected

MOST_BYTES = 1_000_000
_DELIMITERS = ",;\t"


def csv_text(body: bytes) -> str:
    """Return the text of a file.

    Raises
    ------
    Rejected
        ``bad-csv``: it is too long, or no text in UTF-8.
    """
    if len(body) > MOST_BYTES:
        raise bad_csv(f"The file has more than {MOST_BYTES // 1_000_000} MB: send it in parts.")
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise bad_csv("The file is not UTF-8: save it as CSV in UTF-8.") from error
    if "\0" in text:
        raise bad_csv("The file holds NUL characters: it is no CSV.")
    return text


def delimiter_of(text: str) -> str:
    """Return what stands between the cells of a text, as its first line has it."""
    return max(_DELIMITERS, key=text.split("\n", 1)[0].count)


def bad_csv(sentence: str) -> Rejected:
    """Return the refusal of a file."""
    return Rejected(sentence, code="bad-csv")
