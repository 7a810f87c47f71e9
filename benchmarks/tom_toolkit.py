"""TOM Toolkit of PyPI in an environment of its own: SQLite, settings of its set-up command, gunicorn."""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

from benchmarks.api_servers import Server, free_port, running

RELEASE = "tomtoolkit==3.1.0"
TOKEN = "b" * 40
_SETTINGS = """
import os
from tom_common.default_settings import *
BASE_DIR = os.path.dirname(os.path.abspath(__file__))
SECRET_KEY, DEBUG, ALLOWED_HOSTS, SITE_ID = "bench", False, ["*"], 1
INSTALLED_APPS, MIDDLEWARE = TOMTOOLKIT_INSTALLED_APPS, TOMTOOLKIT_MIDDLEWARE
AUTHENTICATION_BACKENDS = TOMTOOLKIT_AUTHENTICATION_BACKENDS
ROOT_URLCONF, TARGET_TYPE, TOM_NAME, AUTH_STRATEGY = "site_urls", "SIDEREAL", "bench", "READ_ONLY"
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True, "OPTIONS": {
    "context_processors": ["django.template.context_processors.request",
    "django.contrib.auth.context_processors.auth", "django.contrib.messages.context_processors.messages"]}}]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": BASE_DIR + "/db.sqlite3"}}
CRISPY_ALLOWED_TEMPLATE_PACKS, CRISPY_TEMPLATE_PACK = "bootstrap5", "bootstrap5"
DEFAULT_AUTO_FIELD, USE_TZ, TIME_ZONE = "django.db.models.AutoField", True, "UTC"
STATIC_URL, MEDIA_ROOT, MEDIA_URL = "/static/", BASE_DIR + "/data", "/data/"
CACHES = {"default": {"BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
    "LOCATION": BASE_DIR + "/cache"}}
TASKS = {"default": {"BACKEND": "django_tasks.backends.immediate.ImmediateBackend"}}
DATA_PRODUCT_TYPES = {"photometry": ("photometry", "Photometry"), "fits_file": ("fits_file", "FITS File")}
DATA_PROCESSORS, MATCH_MANAGERS, FACILITIES, HOOKS, EXTRA_FIELDS, OPEN_URLS = {}, {}, {}, {}, [], []
TOM_FACILITY_CLASSES, TARGET_PERMISSIONS_ONLY, TARGET_DEFAULT_PERMISSION = [], True, "PRIVATE"
HINTS_ENABLED, AUTO_THUMBNAILS = False, False
REST_FRAMEWORK = {"DEFAULT_AUTHENTICATION_CLASSES": ["tom_common.accounts.api_auth.TomTokenAuthentication"],
    "DEFAULT_PAGINATION_CLASS": "rest_framework.pagination.LimitOffsetPagination", "PAGE_SIZE": 100}
"""
_URLS = """
from django.urls import include, path
urlpatterns = [path("", include("tom_common.urls"))]
"""
_FILL = """
import datetime, random, sys
import django
django.setup()
from django.contrib.auth.models import User
from rest_framework.authtoken.models import Token
from tom_dataproducts.models import PhotometryReducedDatum
from tom_targets.models import Target
user = User.objects.create_superuser("bench", "", "bench")
Token.objects.filter(user=user).delete()  # one is made with the account
Token.objects.create(user=user, key=sys.argv[1])
for number in range(200):
    Target.objects.create(name=f"Bench{number:03d}", type="SIDEREAL", ra=10 + 0.5 * (number % 20),
                          dec=0.5 * (number // 20))
start = datetime.datetime(2017, 9, 4, tzinfo=datetime.timezone.utc)
for target, points in zip(Target.objects.order_by("pk"), map(int, sys.argv[2:])):
    PhotometryReducedDatum.objects.bulk_create([PhotometryReducedDatum(
        target=target, timestamp=start + datetime.timedelta(minutes=5 * place), bandpass="r", unit="AB",
        brightness=round(random.gauss(17, 0.2), 4), brightness_error=0.02, source_name="bench")
        for place in range(points)], batch_size=5000)
"""


def if_possible(peer: AbstractContextManager[Server], until_end: ExitStack) -> Server | None:
    """Return the server, or None and say so where it could not be installed and filled here."""
    try:
        return until_end.enter_context(peer)
    except (subprocess.SubprocessError, RuntimeError) as error:
        print(f"{RELEASE} is left out: it could not be installed and filled here ({error}).\n")
        return None


@contextmanager
def tom_toolkit(
    folder: Path, told: Sequence[object], *, fill: str = _FILL, settings: str = ""
) -> Iterator[Server]:
    """Install it, fill it, and serve it.

    Parameters
    ----------
    told
        What the program that fills it is told; the one here makes light curves of so many points.

    Raises
    ------
    subprocess.CalledProcessError
        It could not be installed or filled, for want of a network perhaps.
    """
    site, python = folder / "site", folder / "env" / "bin" / "python"
    site.mkdir()
    (site / "data").mkdir()
    for name, text in (("site_settings", _SETTINGS + settings), ("site_urls", _URLS), ("fill", fill)):
        (site / f"{name}.py").write_text(text)
    environment = {"DJANGO_SETTINGS_MODULE": "site_settings", "PYTHONPATH": str(site)}
    _run([sys.executable, "-m", "venv", str(folder / "env")])
    _run([str(python), "-m", "pip", "install", "--quiet", RELEASE, "gunicorn"])
    _run([str(python), "-m", "django", "migrate", "--verbosity", "0"], environment)
    _run([str(python), str(site / "fill.py"), *map(str, told)], environment)
    port = free_port()
    program = [
        str(python), "-m", "gunicorn", "--log-level", "error", "--workers", str(os.cpu_count() or 1),
        "--threads", "4", "--timeout", "300", "--bind", f"127.0.0.1:{port}", "--chdir", str(site),
        "django.core.wsgi:get_wsgi_application()",
    ]  # fmt: skip
    with running(program, port, "/robots.txt", environment) as server:
        yield server


def _run(program: list[str], more: dict[str, str] | None = None) -> None:
    subprocess.run(program, check=True, env={**os.environ, **(more or {})}, capture_output=True, timeout=600)
