"""The page *Data* in a browser: a question in SQL, its rows as a file, and a link that asks it again."""

import csv
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.installation import TIMEOUT_MS, Installation

pytestmark = [pytest.mark.e2e, pytest.mark.alone]

QUESTION = "SELECT name, points FROM targets WHERE name LIKE 'SimRR%' ORDER BY name"


def ask(page: Page, sql: str) -> None:
    page.get_by_role("textbox", name="SQL").fill(sql)
    page.get_by_role("button", name="Run").click()


def test_a_question_gives_rows_a_file_and_a_link_that_asks_it_again(
    page: Page, browser: Browser, published: Installation, tmp_path: Path
) -> None:
    page.goto(f"{published.url}/data")
    ask(page, "DELETE FROM targets")
    page.get_by_test_id("stAlert").filter(has_text="SELECT").wait_for(timeout=TIMEOUT_MS)
    ask(page, QUESTION)
    told = page.get_by_text(" s from version ")
    told.wait_for(timeout=TIMEOUT_MS)
    count = int(told.inner_text().split()[0])
    assert count > 0
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV", exact=True).click()
    download.value.save_as(tmp_path / "rows.csv")
    rows = list(csv.DictReader((tmp_path / "rows.csv").read_text().splitlines()))
    assert len(rows) == count
    assert all(row["name"].startswith("SimRR") and int(row["points"]) > 0 for row in rows)

    page.get_by_role("button", name="Permalink").click()
    link = page.get_by_test_id("stCode").filter(has_text="/data?sql=").inner_text().strip()
    context = browser.new_context()
    elsewhere = context.new_page()
    elsewhere.goto(link)
    elsewhere.get_by_text(" s from version ").wait_for(timeout=TIMEOUT_MS)
    assert int(elsewhere.get_by_text(" s from version ").inner_text().split()[0]) == count
    expect(elsewhere.get_by_role("textbox", name="SQL")).to_have_value(QUESTION, timeout=TIMEOUT_MS)
    context.close()
