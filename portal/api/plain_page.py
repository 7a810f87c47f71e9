"""Pages of our own that stand without Streamlit and need no script: a sentence, or one form."""

from html import escape
from typing import Any

from starlette.responses import HTMLResponse

# stricter than the pages': nothing here needs a script, and nobody may frame it
_POLICY = (
    "default-src 'self'; script-src 'none'; connect-src 'none'; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
# what the description says of routes that answer with such pages
_PAGE: dict[str, Any] = {"text/html": {"schema": {"type": "string"}}, "application/json": {"schema": {}}}
PAGES: dict[int | str, dict[str, Any]] = {
    303: {"description": "signed in, and on to the page that was wanted"},
    "4XX": {"description": "a page that says why not, or asks for more", "content": _PAGE},
    "5XX": {"description": "a page that says that the service is away", "content": _PAGE},
}


def sentence_page(sentence: str, *, status: int) -> HTMLResponse:
    """Return a page that says one sentence."""
    body = f'<p>{escape(sentence)}</p><p><a href="/account">Back to the account page</a></p>'
    return plain_page(body, status=status)


def plain_page(body: str, *, status: int) -> HTMLResponse:
    """Return a page with the portal's look that needs no script; ``body`` is HTML."""
    page = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Sign in · tomlake</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<link rel="icon" type="image/svg+xml" href="/assets/logo.svg">'
        '<link rel="stylesheet" href="/assets/plain.css"></head>'
        '<body><main><a class="home" href="/"><img src="/assets/logo.svg" alt="tomlake" width="48" '
        f'height="48"></a><h1>Sign in</h1>{body}</main></body></html>'
    )
    headers = {
        "Cache-Control": "no-store",
        "Content-Security-Policy": _POLICY,
        # the address may hold a code; a form must still say from which site it comes
        "Referrer-Policy": "strict-origin",
    }
    return HTMLResponse(page, status_code=status, headers=headers)
