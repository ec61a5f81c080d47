"""References → credentials of projects and keys of masks; no secret ever stands in a problem."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from pydantic import SecretStr

from router.config.check_hosts import PUBLIC, SECRET, allows_http, check_host, from_words, is_open, tell_swapped
from router.config.draft import Draft
from router.config.findings import Findings
from router.config.hosts import CLOUD, host_fault
from router.config.limits import fitted
from router.config.loaded import ResolvedProject
from router.config.missing import Missing, tell_missing
from router.config.model import EnvRef, FileRef, Project, ProjectByPrefix
from router.config.nodes import Path
from router.errors import Label, Problem

NO_HOST = "https://langfuse.invalid"
"""Stands for a host that is not known yet."""
MIN_KEY_BYTES = 32
"""Bytes of a key of `action: hash`."""
Ref = str | EnvRef | FileRef


@dataclass(slots=True)
class Credentials:
    """What resolving gave."""

    projects: dict[str, ResolvedProject] = field(default_factory=dict)
    secrets: dict[EnvRef | FileRef, SecretStr] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def add(self, other: Credentials) -> None:
        """Take in what resolving something else gave."""
        self.projects |= other.projects
        self.secrets |= other.secrets
        self.problems += other.problems


def default_host(draft: Draft, environ: Mapping[str, str] | None, read_file: Callable[[str], str | None]) -> str | None:
    """Return `defaults.host` for requests that bring keys and name no host; None where it is not usable.

    Without an environment a reference stands for a host that does not exist.
    """
    given = draft.defaults.host
    if isinstance(given, (EnvRef, FileRef)) and environ is None:
        return NO_HOST
    if isinstance(given, EnvRef):
        given = (environ or {}).get(given.env, "").strip()
    elif isinstance(given, FileRef):
        given = (read_file(given.file) or "").strip()
    given = CLOUD if given is None else given
    return None if host_fault(given, allow_http=draft.defaults.allow_http) else given


def resolve_credentials(
    draft: Draft,
    environ: Mapping[str, str],
    read_file: Callable[[str], str | None],
    others: Mapping[str, ResolvedProject] | None = None,
) -> Credentials:
    """Resolve every reference; each that leads nowhere is a problem. A team file has the defaults of the outer file.

    Args:
        read_file: content of a file that a reference names, None when it cannot be read.
        others: the projects of other files, which should not have the same secret key.
    """
    resolver = _Resolver(draft, environ, read_file)
    for name, project in draft.projects.items():
        resolver.project(name, project)
    resolver.mask_keys()
    resolver.shared_secrets(others or {})
    return Credentials(resolver.projects, resolver.secrets, resolver.problems())


def resolve_keys(
    packs: Iterable[Draft], environ: Mapping[str, str], read_file: Callable[[str], str | None]
) -> Credentials:
    """Resolve the keys that masks of packs need; arguments as above."""
    found = Credentials()
    for pack in packs:
        resolver = _Resolver(pack, environ, read_file)
        resolver.mask_keys()
        found.secrets |= resolver.secrets
        found.problems += resolver.problems()
    return found


@dataclass(frozen=True, slots=True)
class _Found:
    """A value and the words that name its origin: `variable X`, `file Y`, or nothing for a value in the clear."""

    value: str = field(repr=False)
    origin: str = ""


class _Resolver:
    def __init__(self, draft: Draft, environ: Mapping[str, str], read_file: Callable[[str], str | None]) -> None:
        self.findings = Findings(draft)
        self.projects: dict[str, ResolvedProject] = {}
        self.secrets: dict[EnvRef | FileRef, SecretStr] = {}
        self._draft = draft
        self._environ = environ
        self._read_file = read_file
        self._missing: list[Missing] = []
        self._outer = None if draft.outer is None else _Resolver(draft.outer, environ, read_file)

    def problems(self) -> list[Problem]:
        """Return everything found, also about the defaults of the outer file."""
        self._tell_missing()
        return self.findings.problems + (self._outer.problems() if self._outer is not None else [])

    # -- projects --------------------------------------------------------------------------------------

    def project(self, name: str, project: Project) -> None:
        """Resolve one project; it is left out when something of it is missing."""
        path: Path = ("projects", name)
        if isinstance(project, ProjectByPrefix):
            public = self._variable(f"{project.env}_PUBLIC_KEY", (*path, "env"), name)
            secret = self._variable(f"{project.env}_SECRET_KEY", (*path, "env"), name)
            key_paths: tuple[Path, Path] = ((*path, "env"), (*path, "env"))
        else:
            public = self._resolve(project.public_key, (*path, "public_key"), name)
            secret = self._resolve(project.secret_key, (*path, "secret_key"), name)
            key_paths = ((*path, "public_key"), (*path, "secret_key"))
        host = self._host(name, project)
        if public is not None and secret is not None:
            self._check_keys(public, secret, key_paths)
        if public is None or secret is None or host is None:
            return
        defaults = (self._draft.outer or self._draft).defaults
        self.projects[name] = ResolvedProject(
            name,
            public.value,
            SecretStr(secret.value),
            host,
            fitted("environment", project.environment or defaults.environment),
            project.release or defaults.release,
            project.project_id,
            project.server or defaults.server,
        )

    def _host(self, name: str, project: Project) -> str | None:
        path: Path = ("projects", name, "host")
        allow_http = allows_http(self._draft, project)
        given: Ref | None = project.host
        if given is None and isinstance(project, ProjectByPrefix):
            for variable in (f"{project.env}_HOST", f"{project.env}_BASE_URL"):
                if self._environ.get(variable):
                    found = _Found(self._environ[variable], f"variable `{variable}`")
                    return self._checked_host(("projects", name, "env"), found, allow_http)
        if given is None:
            return (self._outer or self).default_host(name, allow_http)
        resolved = self._resolve(given, path, name)
        return self._checked_host(path, resolved, allow_http) if resolved is not None else None

    def default_host(self, name: str, allow_http: bool) -> str | None:
        """Return the host of a project that names none."""
        given = self._draft.defaults.host
        if given is None:
            return CLOUD
        resolved = self._resolve(given, ("defaults", "host"), name)
        return self._checked_host(("defaults", "host"), resolved, allow_http) if resolved is not None else None

    def _checked_host(self, path: Path, found: _Found, allow_http: bool) -> str | None:
        if not found.origin:
            reason = host_fault(found.value, allow_http=allow_http)
            return None if reason else found.value.rstrip("/")
        if not check_host(self.findings, path, found.value, allow_http, shown=False, origin=found.origin):
            return None
        return found.value.rstrip("/")

    def _check_keys(self, public: _Found, secret: _Found, paths: tuple[Path, Path]) -> None:
        if public.value.startswith(SECRET) and public.origin:
            tell_swapped(self.findings, paths[0], "public_key", public.origin)
        elif secret.value.startswith(PUBLIC):
            tell_swapped(self.findings, paths[1], "secret_key", secret.origin)
        else:
            for found, path, prefix, kind in (
                (public, paths[0], PUBLIC, "public"),
                (secret, paths[1], SECRET, "secret"),
            ):
                if not found.value.startswith((prefix, SECRET)):
                    self._unusual(found, path, prefix, kind)

    def _unusual(self, found: _Found, path: Path, prefix: str, kind: str) -> None:
        self.findings.add(
            "RT606",
            f"the {kind} key{from_words(found.origin)} does not begin with `{prefix}`",
            path,
            severity="warning",
            effect="Langfuse may refuse every call for this project",
            hint="copy the keys from the settings of the Langfuse project",
        )

    def shared_secrets(self, others: Mapping[str, ResolvedProject]) -> None:
        """Warn of projects that are one and the same to Langfuse."""
        first = {(other.host, other.secret_key.get_secret_value()): name for name, other in others.items()}
        for name, project in self.projects.items():
            secret = (project.host, project.secret_key.get_secret_value())
            other = first.setdefault(secret, name)
            if other == name:
                continue
            draft = self._draft if other in self._draft.projects else self._draft.outer or self._draft
            label = Label(draft.at_key("projects", other), "the same secret key")
            self.findings.add(
                "RT607",
                f"projects `{other}` and `{name}` have the same secret key",
                ("projects", name),
                key=True,
                severity="warning",
                effect="Langfuse files traces by the secret key alone, so both land in one project",
                hint="give each its own keys, or route to one of them only",
                labels=(label,),
            )

    # -- mask keys -------------------------------------------------------------------------------------

    def mask_keys(self) -> None:
        """Resolve the keys of `action: hash`."""
        for mask, steps in self._draft.masks.items():
            for index, step in enumerate(steps):
                if step.key is None or step.key in self.secrets:
                    continue
                path: Path = ("masks", mask, index, "key")
                found = self._resolve(step.key, path, None)
                if found is None:
                    continue
                if len(found.value.encode("utf-8", "surrogatepass")) < MIN_KEY_BYTES:
                    self.findings.add(
                        "RT608",
                        f"the key{from_words(found.origin)} is shorter than {MIN_KEY_BYTES} bytes",
                        path,
                        effect="a short key can be guessed, and with it every pseudonym undone",
                        hint="make one with `openssl rand -base64 48`",
                    )
                    continue
                self.secrets[step.key] = SecretStr(found.value)

    # -- references ------------------------------------------------------------------------------------

    def _resolve(self, ref: Ref, path: Path, project: str | None) -> _Found | None:
        if isinstance(ref, EnvRef):
            return self._variable(ref.env, (*path, "env"), project)
        if isinstance(ref, FileRef):
            return self._file(ref.file, (*path, "file"), project)
        return None if is_open(self._draft, path) else _Found(ref)

    def _variable(self, name: str, path: Path, project: str | None) -> _Found | None:
        value = self._environ.get(name, "")
        if value.strip():
            return _Found(value.strip(), f"variable `{name}`")
        state = "is empty" if name in self._environ else "is not set"
        self._missing.append(Missing("variable", name, state, path, project))
        return None

    def _file(self, name: str, path: Path, project: str | None) -> _Found | None:
        if is_open(self._draft, path):
            return None
        content = self._read_file(name)
        node = self._draft.node(*path)
        if node is not None and (node.variables or self._draft.origin(path) is None):
            name = str(node.shown)
        value = (content or "").removesuffix("\n").removesuffix("\r")
        if value.strip():
            return _Found(value, f"file `{name}`")
        state = "cannot be read" if content is None else "is empty"
        self._missing.append(Missing("file", name, state, path, project))
        return None

    def _tell_missing(self) -> None:
        """Report every reference that led nowhere."""
        tell_missing(self.findings, self._missing, self._environ)
