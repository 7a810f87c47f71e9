from pathlib import Path

from lake.schema_page import schema_page

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_of_columns_is_the_one_that_the_tables_give() -> None:
    page = (ROOT / "docs" / "lake-schema.md").read_text()
    assert page == schema_page(), "run: python -m lake.schema_page > docs/lake-schema.md"
