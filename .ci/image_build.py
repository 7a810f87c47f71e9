"""Carry out the Dockerfile in a Debian root made by debootstrap, where no container engine is at hand.

Run by `.ci/image-check`, as root, in mount and process namespaces of its own: whatever is mounted or started
here ends with it. `python image_build.py CONTEXT FOLDER` writes what it made to FOLDER/image.json.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
BASE = re.compile(r"debian:(?P<suite>[a-z]+)(-slim)?(@\S+)?")
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
LENT_CERTIFICATES = "/var/certificates-of-this-machine.crt"


@dataclass(kw_only=True)
class Image:
    """A root and what a Dockerfile says of how its program runs."""

    root: str
    env: dict[str, str] = field(default_factory=lambda: {"PATH": PATH})
    user: str = "root"
    workdir: str = "/"
    command: list[str] = field(default_factory=list)
    health: list[str] = field(default_factory=list)
    port: int = 0


def instructions(text: str) -> Iterator[tuple[str, str]]:
    """Give (word, rest) for every instruction of a Dockerfile; heredocs are not understood."""
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    for whole in re.sub(r"\\\n", "", "\n".join(lines)).splitlines():
        word, _, rest = whole.strip().partition(" ")
        yield word.upper(), rest.strip()


def words_of(text: str) -> list[str]:
    """Return a command as its words, for a shell where it is not in JSON form."""
    return json.loads(text) if text.startswith("[") else ["/bin/sh", "-c", text]


def filled(text: str, env: dict[str, str]) -> str:
    """Return a text with $NAME and ${NAME} replaced."""
    return re.sub(r"\$\{?(\w+)\}?", lambda found: env.get(found[1], ""), text)


def is_left_out(path: str, patterns: Sequence[str]) -> bool:
    """Return whether .dockerignore keeps a file of the context out: the last pattern that matches decides."""
    left_out = False
    whole = PurePosixPath(path)
    steps = [str(step) for step in (whole, *whole.parents)]
    for pattern in patterns:
        glob = re.escape(pattern.lstrip("!").strip("/"))
        expression = glob.replace(r"\*\*/", "(.*/)?").replace(r"\*\*", ".*").replace(r"\*", "[^/]*")
        if any(re.fullmatch(expression, step) for step in steps if step != "."):
            left_out = not pattern.startswith("!")
    return left_out


def ignored_patterns(context: Path) -> list[str]:
    """Return the patterns of .dockerignore."""
    file = context / ".dockerignore"
    lines = file.read_text().splitlines() if file.exists() else []
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


class Builder:
    """Makes an image from a Dockerfile, step by step."""

    def __init__(self, context: Path, folder: Path) -> None:
        self._context, self._folder = context, folder
        self._patterns = ignored_patterns(context)
        self._stages: dict[str, Image] = {}
        self._image: Image | None = None

    def build(self) -> Image:
        """Return the image of the last stage."""
        for word, rest in instructions((self._context / "Dockerfile").read_text()):
            began_s = time.monotonic()
            step = getattr(self, f"_{word.lower()}", None)
            if step is None:
                raise SystemExit(f"image-check does not know {word}; teach it to .ci/image_build.py")
            step(rest)
            print(f"{time.monotonic() - began_s:6.1f} s  {word} {rest[:90]}", flush=True)
        return self._present

    @property
    def _present(self) -> Image:
        if self._image is None:
            raise SystemExit("the Dockerfile does not begin with FROM")
        return self._image

    def _from(self, rest: str) -> None:
        base, _, name = rest.partition(" AS ")
        found = BASE.fullmatch(base.strip())
        if found is None:
            raise SystemExit(f"there is no stand-in for the image {base!r}: only for debian:RELEASE")
        root = self._folder / f"stage{len(self._stages)}"
        subprocess.run(["cp", "-a", "--reflink=auto", str(self._base(found["suite"])), str(root)], check=True)
        run("mount", "-t", "proc", "proc", str(root / "proc"))
        self._image = self._stages[name.strip() or str(len(self._stages))] = Image(root=str(root))

    def _base(self, suite: str) -> Path:
        base = self._folder / suite
        if not base.exists():
            run("debootstrap", "--variant=minbase", suite, str(base), mirror_of(suite))
            lend(base)
        return base

    def _run(self, rest: str) -> None:
        inside(self._present, words_of(rest), more=pip_environment())

    def _copy(self, rest: str) -> None:
        flags = dict(each[2:].split("=", 1) for each in rest.split() if each.startswith("--"))
        *sources, target = (each for each in rest.split() if not each.startswith("--"))
        if set(flags) - {"from"}:
            raise SystemExit(f"image-check does not know these flags of COPY: {sorted(flags)}")
        image = self._present
        to = Path(image.root) / str(PurePosixPath(image.workdir) / target).lstrip("/")
        for source in sources:
            if "from" in flags:
                self._copy_out(Path(self._stages[flags["from"]].root) / source.lstrip("/"), to)
            else:
                self._copy_in(source, to if not target.endswith("/") else to / Path(source).name)

    def _copy_out(self, source: Path, to: Path) -> None:
        to.parent.mkdir(parents=True, exist_ok=True)
        run("cp", "-a", "--reflink=auto", str(source), str(to))

    def _copy_in(self, source: str, to: Path) -> None:
        place = self._context / source
        files = [place] if place.is_file() else [each for each in place.rglob("*") if each.is_file()]
        kept = [
            each for each in files if not is_left_out(str(each.relative_to(self._context)), self._patterns)
        ]
        if not kept:
            raise SystemExit(f"COPY {source}: there is no such file in what .dockerignore leaves")
        for each in kept:
            copy = to / each.relative_to(place) if place.is_dir() else to
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(each, copy)

    def _workdir(self, rest: str) -> None:
        image = self._present
        image.workdir = str(PurePosixPath(image.workdir) / filled(rest, image.env))
        Path(image.root + image.workdir).mkdir(parents=True, exist_ok=True)

    def _env(self, rest: str) -> None:
        image = self._present
        for pair in shlex.split(rest):
            name, _, value = pair.partition("=")
            image.env[name] = filled(value, image.env)

    def _user(self, rest: str) -> None:
        self._present.user = rest

    def _expose(self, rest: str) -> None:
        self._present.port = int(rest.partition("/")[0])

    def _healthcheck(self, rest: str) -> None:
        self._present.health = words_of(rest.partition("CMD ")[2].strip())

    def _cmd(self, rest: str) -> None:
        self._present.command = words_of(rest)

    def _label(self, rest: str) -> None:
        shlex.split(rest)

    def _volume(self, rest: str) -> None:
        if not Path(self._present.root + rest).is_dir():
            raise SystemExit(f"VOLUME {rest}: the image has no such folder")


def run(*command: str) -> None:
    """Run a program of this machine; what it says is shown only when it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{(done.stdout + done.stderr)[-3000:]}")


def entered(image: Image, command: Sequence[str]) -> list[str]:
    """Return a command as it is run in the root of an image, as its user and in its folder."""
    return ["chroot", f"--userspec={image.user}", image.root, "env", "-C", image.workdir, *command]


def inside(image: Image, command: Sequence[str], *, more: dict[str, str] | None = None) -> None:
    """Run a command in the root of an image; what it says is shown only when it fails."""
    env = {"HOME": home_of(image), **image.env, **(more or {})}
    done = subprocess.run(entered(image, command), env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{shlex.join(command)} failed:\n{(done.stdout + done.stderr)[-3000:]}")


def home_of(image: Image) -> str:
    """Return the home folder of the image's user."""
    user = image.user.partition(":")[0]
    for line in Path(image.root, "etc/passwd").read_text().splitlines():
        name, _, number, _, _, home, _ = line.split(":")
        if user in {name, number}:
            return home
    return "/"


def mirror_of(suite: str) -> str:
    """Return the Debian mirror that this machine uses."""
    files = [Path("/etc/apt/sources.list"), *sorted(Path("/etc/apt/sources.list.d").glob("*"))]
    for text in (file.read_text() for file in files if file.is_file()):
        found = re.search(r"^URIs:\s*(\S+/debian)/?\s*$", text, re.M) or re.search(
            rf"^deb\s+(?:\[[^]]*\]\s+)?(\S+/debian)/?\s+{suite}\s", text, re.M
        )
        if found:
            return found[1]
    return "http://deb.debian.org/debian"


def lend(base: Path) -> None:
    """Lend a new root this machine's way to the network: names, package mirrors and certificates."""
    for place in ("etc/resolv.conf", "etc/apt/sources.list.d", "etc/apt/apt.conf.d", "usr/share/keyrings"):
        there = Path("/") / place
        if there.is_dir():
            shutil.copytree(there, base / place, dirs_exist_ok=True)
        elif there.exists():
            shutil.copy(there, base / place)
    if any((base / "etc/apt/sources.list.d").iterdir()):
        (base / "etc/apt/sources.list").write_text("")
    own = Path("/usr/local/share/ca-certificates")
    if own.is_dir():
        shutil.copytree(own, base / str(own).lstrip("/"), dirs_exist_ok=True)
    shutil.copy(CERTIFICATES, base / LENT_CERTIFICATES.lstrip("/"))


def pip_environment() -> dict[str, str]:
    """Return this machine's way to the package index for the steps of the build."""
    listed = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=False
    )
    env = {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_CERT": LENT_CERTIFICATES}
    for name, value in re.findall(r"^global\.(\S+-url)='(.*)'$", listed.stdout, re.M):
        reached = " ".join(each for each in value.split() if each.startswith("http"))
        if reached:
            env[f"PIP_{name.upper().replace('-', '_')}"] = reached
    proxies = {name: value for name, value in os.environ.items() if name.lower().endswith("_proxy")}
    return {**env, **proxies}


def main(context: str, folder: str) -> None:
    """Build, and write down what was built."""
    began_s = time.monotonic()
    image = Builder(Path(context), Path(folder)).build()
    Path(folder, "image.json").write_text(json.dumps(asdict(image)))
    print(f"{time.monotonic() - began_s:6.1f} s  for the whole image")


if __name__ == "__main__":
    main(*sys.argv[1:])
