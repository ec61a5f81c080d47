"""The shape of routing.yaml, version 1: the only source of schema.json and of the reference documentation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    PlainValidator,
    Strict,
    Tag,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=100)]
"""A name that an operator gives: of a project, mask, rule, overlay."""
MaskName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*(/[A-Za-z0-9][A-Za-z0-9_.-]*)?$")]
"""A mask of this file (`pci`), or of a pack (`pii`, `masking/pii`)."""


def _scalar(value: Any) -> Any:
    if isinstance(value, (str, int, float)):
        return value
    raise PydanticCustomError("scalar_type", "not a scalar")


def _version(value: Any) -> Any:
    if isinstance(value, bool) or value != 1:
        raise PydanticCustomError("version", "unknown version")
    return 1


_HOLE = r"\{[A-Za-z_][A-Za-z0-9_.-]*\}"
ProjectName = Annotated[
    str,
    Field(pattern=rf"^([A-Za-z0-9]|{_HOLE})([A-Za-z0-9_.-]|{_HOLE})*$", max_length=100),
]
"""A name of a project, or of a template: `team-{team}`."""
RowKey = Annotated[str, Field(min_length=1, max_length=200)]
"""The key of a row: a value of the attribute that the table is about."""
Column = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_-]*$", max_length=100)]
"""The name of a column."""
Scalar = Annotated[
    str | int | float | bool, PlainValidator(_scalar), WithJsonSchema({"type": ["string", "number", "boolean"]})
]
"""Text, a number, true or false."""
Rate = Annotated[float, Field(ge=0, le=1)]
Version = Annotated[Literal[1], BeforeValidator(_version)]
DATA_MARK = {"$comment": "data"}
"""Stands in the JSON schema for data without nulls at any depth, until `build_schema` refers to one definition."""
Data = Annotated[Any, WithJsonSchema(DATA_MARK)]
# A tag of a union starts with `@`: the path of a validation error names it, and no key of the language does.


class Model(BaseModel):
    """Strict, frozen, and closed: an unknown key is an error."""

    # Validators are built when first used, and docstrings of fields are read only for the JSON schema: both cost
    # more than all the rest of an import.
    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", defer_build=True)


# -- references to values that do not stand in the file ------------------------------------------------


class EnvRef(Model):
    """The value of an environment variable."""

    env: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
    """Name of the variable."""


class EnvTemplate(EnvRef):
    """The value of an environment variable, whose name may have holes in a project template."""

    env: Annotated[str, Field(pattern=rf"^([A-Za-z_]|{_HOLE})([A-Za-z0-9_]|{_HOLE})*$")]
    """Name of the variable; in a template with holes: `LF_{TEAM}_PK`."""


class FileRef(Model):
    """The content of a file, without the newline at its end."""

    file: Annotated[str, Field(min_length=1)]
    """Path of the file; a relative one starts at the folder of this YAML file."""


def _kind_of_ref(value: Any) -> str:
    if isinstance(value, str):
        return "@text"
    if isinstance(value, FileRef) or (isinstance(value, Mapping) and "file" in value):
        return "@FileRef"
    return "@EnvRef"


SecretRef = Annotated[
    Annotated[EnvRef, Tag("@EnvRef")] | Annotated[FileRef, Tag("@FileRef")],
    Discriminator(lambda value: "@FileRef" if _kind_of_ref(value) == "@FileRef" else "@EnvRef"),
]
"""A secret by reference; a secret in the clear is an error."""
ValueRef = Annotated[
    Annotated[str, Tag("@text")] | Annotated[EnvRef, Tag("@EnvRef")] | Annotated[FileRef, Tag("@FileRef")],
    Discriminator(_kind_of_ref),
]
"""A value in the clear or by reference."""
ProjectSecretRef = Annotated[
    Annotated[EnvTemplate, Tag("@EnvTemplate")] | Annotated[FileRef, Tag("@FileRef")],
    Discriminator(lambda value: "@FileRef" if _kind_of_ref(value) == "@FileRef" else "@EnvTemplate"),
]
"""The same for projects, with holes in templates."""
ProjectValueRef = Annotated[
    Annotated[str, Tag("@text")] | Annotated[EnvTemplate, Tag("@EnvTemplate")] | Annotated[FileRef, Tag("@FileRef")],
    Discriminator(lambda value: _kind_of_ref(value).replace("@EnvRef", "@EnvTemplate")),
]
"""The same for projects, with holes in templates."""


# -- attributes and tables -----------------------------------------------------------------------------


Normalize = Literal["lower", "strip"]


class Attribute(Model):
    """An attribute: what is known about its values, and with `from` where a new one is read."""

    from_: (
        Annotated[
            Annotated[str, Tag("@one")] | Annotated[list[str], Field(min_length=1), Strict(False), Tag("@many")],
            Discriminator(lambda value: "@one" if isinstance(value, str) else "@many"),
        ]
        | None
    ) = Field(default=None, alias="from")
    """Where it is read: a built-in attribute, `metadata.<key>` or `header.<name>`; of several the first that is there.
    Without it the name is that of a built-in attribute."""
    type: Literal["text", "list", "number", "bool"] = "text"
    """What it is; a value that is none of this counts as missing. A list that is missing is empty."""
    default: Scalar | None = None
    """Its value where it is missing."""
    normalize: (
        Annotated[
            Annotated[Normalize, Tag("@one")] | Annotated[list[Normalize], Strict(False), Tag("@many")],
            Discriminator(lambda value: "@one" if isinstance(value, str) else "@many"),
        ]
        | None
    ) = None
    """What is done to its text: `lower` case, `strip` white space."""
    required: bool = False
    """Whether every call should have it: the plan of one without says `missing <name>` among its reasons. The call
    goes on."""
    trust: Literal["host", "caller"] = "host"
    """Whose word it may be in the proxy. With `host` a client's metadata, headers and tags are not read there."""
    values: Annotated[list[Scalar], Field(min_length=1), Strict(False)] | None = None
    """Its values. They check this file: a call with another value goes on."""
    values_from: Name | None = None
    """The table whose rows are its values; `{known: true}`, `{has: column}` and `{team.column}` look there."""

    def paths(self) -> tuple[str, ...]:
        """Return where the attribute is read, in order; nothing for one that is not declared here."""
        return (self.from_,) if isinstance(self.from_, str) else tuple(self.from_ or ())

    def normalized(self, text: str) -> str:
        """Return a text as the attribute has it."""
        steps = (self.normalize,) if isinstance(self.normalize, str) else self.normalize or ()
        text = text.strip() if "strip" in steps else text
        return text.lower() if "lower" in steps else text


class TableFile(Model):
    """A table in a file of its own."""

    file: Annotated[str, Field(min_length=1)]
    """Path of a .csv or .yaml file; a relative one starts at the folder of this YAML file."""
    key: Column | None = None
    """Column that holds the keys of the rows: of a CSV file, and of a YAML file that is a list of rows."""


Table = Annotated[
    Annotated[TableFile, Tag("@TableFile")]
    | Annotated[dict[RowKey, dict[Column, Scalar]], Field(min_length=1), Tag("@rows")],
    Discriminator(
        lambda value: (
            "@TableFile"
            if isinstance(value, TableFile)
            or (isinstance(value, Mapping) and "file" in value and not isinstance(value["file"], Mapping))
            else "@rows"
        )
    ),
]
"""Rows by key, each with its columns; or the file where they stand."""


# -- projects and defaults -----------------------------------------------------------------------------


class ProjectByPrefix(Model):
    """A Langfuse project whose credentials stand in environment variables that share a prefix."""

    env: Annotated[str, Field(pattern=rf"^([A-Z_]|{_HOLE})([A-Z0-9_]|{_HOLE})*$")]
    """Prefix of the variables <PREFIX>_PUBLIC_KEY, <PREFIX>_SECRET_KEY and <PREFIX>_HOST (or <PREFIX>_BASE_URL)."""
    host: ProjectValueRef | None = None
    """URL of the Langfuse server; beats <PREFIX>_HOST and `defaults.host`."""
    environment: str | None = None
    """Langfuse environment of every trace in this project; beats `defaults.environment`."""
    release: str | None = None
    """Langfuse release of every trace in this project; beats `defaults.release`."""
    for_each: Name | None = None
    """Makes this a template: one project for each row of this table. Needs a hole such as `{team}` in the name of
    the project; its values may hold `{team}`, `{TEAM}` and `{team.column}`. A row whose column `project` names
    another project shares that one."""
    description: str | None = None
    """For people; not sent."""


class ProjectByKeys(Model):
    """A Langfuse project with explicit credentials."""

    public_key: ProjectValueRef
    """Public key, `pk-lf-…`."""
    secret_key: ProjectSecretRef
    """Secret key, `sk-lf-…`, by reference only. Langfuse files traces by this key alone."""
    host: ProjectValueRef | None = None
    """URL of the Langfuse server; beats `defaults.host`."""
    environment: str | None = None
    """Langfuse environment of every trace in this project; beats `defaults.environment`."""
    release: str | None = None
    """Langfuse release of every trace in this project; beats `defaults.release`."""
    for_each: Name | None = None
    """Makes this a template: one project for each row of this table. Needs a hole such as `{team}` in the name of
    the project; its values may hold `{team}`, `{TEAM}` and `{team.column}`. A row whose column `project` names
    another project shares that one."""
    description: str | None = None
    """For people; not sent."""


Project = Annotated[
    Annotated[ProjectByPrefix, Tag("@ProjectByPrefix")] | Annotated[ProjectByKeys, Tag("@ProjectByKeys")],
    Discriminator(
        lambda value: (
            "@ProjectByPrefix"
            if isinstance(value, ProjectByPrefix) or (isinstance(value, Mapping) and "env" in value)
            else "@ProjectByKeys"
        )
    ),
]


class SampleBy(Model):
    """Keep a share of the calls, decided by a hash so that what belongs together is kept or dropped whole."""

    rate: Rate
    """Share that is kept, 0 to 1."""
    by: str | None = None
    """Attribute that is hashed; without it `session_id`, else `trace_id`, else the call itself."""


SampleSpec = Annotated[
    Annotated[Rate, Tag("@rate")] | Annotated[SampleBy, Tag("@SampleBy")],
    Discriminator(lambda value: "@SampleBy" if isinstance(value, (Mapping, SampleBy)) else "@rate"),
]


class Rollout(Model):
    """Match only a share of the calls: sticky, so that what belongs together moves together."""

    percent: Annotated[float, Field(ge=0, le=100), Strict(False)]
    """Share that matches, 0 to 100. Raising it keeps the calls that match already."""
    by: str | None = None
    """Attribute that is hashed; without it `session_id`, else `trace_id`, else the call itself."""


class Defaults(Model):
    """What holds unless a project or a rule says otherwise."""

    host: ValueRef | None = None
    """URL of the Langfuse server for projects that name none; Langfuse Cloud EU otherwise. As in every text of
    `defaults`, of a project and of what `trace` and `generation` set, `${NAME}` stands for a variable,
    `${NAME:-default}` for one with a default, `${NAME:?why}` for one that must be set, and `$$` for `$`."""
    environment: str | None = None
    """Langfuse environment, for example `${DEPLOY_ENV:-production}`."""
    release: str | None = None
    """Langfuse release, for example `${GIT_SHA:?set by the build}`."""
    mask: Annotated[list[MaskName], Strict(False)] = []
    """Masks of every call: a floor that nothing below can take away."""
    sample: SampleSpec = 1.0
    """Share of the calls that is kept, 0 to 1."""


# -- masks ---------------------------------------------------------------------------------------------

Detector = Literal["email", "credit_card", "api_key", "jwt", "private_key"]
MaskAction = Literal["redact", "remove", "hash"]


class MaskStep(Model):
    """One step of a mask: where to look, what to look for, what to do with it.

    With neither `detect` nor `pattern` the whole value at `paths` is meant.
    """

    paths: Annotated[list[str], Field(min_length=1), Strict(False)] | None = None
    """Where: dotted paths such as `input`, `output`, `metadata.account`, `trace.user_id`; everything by default."""
    detect: Annotated[list[Detector], Field(min_length=1), Strict(False)] | None = None
    """What: built-in detectors."""
    pattern: Annotated[str, Field(min_length=1, max_length=4096)] | None = None
    """What: an RE2 regular expression."""
    action: MaskAction = "redact"
    """`redact` writes a label in place of what was found (of the whole value: `redacted-by-litellm`); `remove`
    takes it out; `hash` writes a keyed pseudonym."""
    as_: Annotated[str, Field(max_length=200)] | None = Field(default=None, alias="as")
    """Label that `redact` writes, for example `[PAN]`."""
    key: SecretRef | None = None
    """Key of `hash`, at least 32 bytes, by reference."""


# -- matching ------------------------------------------------------------------------------------------


class MatchOperators(Model):
    """A test of one attribute; several operators in one mapping must all hold."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    not_: Matcher | None = Field(default=None, alias="not")
    """Holds when the test inside does not."""
    glob: str | None = None
    """Shell pattern over the whole value: `*` any text, `?` one character, `[…]` a set."""
    regex: str | None = None
    """RE2 regular expression, anchored at both ends."""
    exists: bool | None = None
    """Whether the attribute has a value (a list: at least one element)."""
    any_of: Annotated[list[Scalar], Field(min_length=1), Strict(False)] | None = None
    """Lists: at least one of these is an element."""
    all_of: Annotated[list[Scalar], Field(min_length=1), Strict(False)] | None = None
    """Lists: all of these are elements."""
    none_of: Annotated[list[Scalar], Field(min_length=1), Strict(False)] | None = None
    """Lists: none of these is an element."""
    in_: Name | None = Field(default=None, alias="in")
    """The value is the key of a row in this table."""
    known: bool | None = None
    """Whether the value is the key of a row in the table of `in`, or of the attribute's `values_from`."""
    has: Column | None = None
    """The value is the key of a row that has something in this column; the table as for `known`."""

    @model_validator(mode="after")
    def _has_operator(self) -> MatchOperators:
        if not self.model_fields_set:
            raise PydanticCustomError("empty_matcher", "empty matcher")
        return self


def _kind_of_matcher(value: Any) -> str:
    if isinstance(value, (Mapping, MatchOperators)):
        return "@MatchOperators"
    return "@any_of" if isinstance(value, (list, tuple)) else "@exact"


Matcher = Annotated[
    Annotated[Scalar, Tag("@exact")]
    | Annotated[list[Scalar], Field(min_length=1), Strict(False), Tag("@any_of")]
    | Annotated[MatchOperators, Tag("@MatchOperators")],
    Discriminator(_kind_of_matcher),
]
"""`x` exactly · `[a, b]` any of · `{glob: …}`, `{regex: …}`, `{not: …}`, `{exists: …}`, `{any_of: […]}`, …"""


class Match(Model):
    """Conditions on attributes of the call; all of them must hold."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Matcher]

    any: Annotated[list[Match], Field(min_length=1), Strict(False)] | None = None
    """At least one of these matches."""
    all: Annotated[list[Match], Field(min_length=1), Strict(False)] | None = None
    """All of these match."""
    not_: Match | None = Field(default=None, alias="not")
    """This does not match."""

    def attributes(self) -> dict[str, Any]:
        """Return the conditions by attribute name: Scalar, list of Scalar, or MatchOperators."""
        return dict(self.__pydantic_extra__ or {})


# -- what rules and overlays set -----------------------------------------------------------------------


class Expr(Model):
    """A value computed by JMESPath over the attributes."""

    expr: Annotated[str, Field(min_length=1)]
    """JMESPath expression."""


FieldValue = Annotated[
    Annotated[Scalar, Tag("@scalar")]
    | Annotated[list[Scalar], Strict(False), Tag("@list")]
    | Annotated[Expr, Tag("@Expr")]
    | Annotated[dict[str, Data], Tag("@mapping")],
    Discriminator(
        lambda value: (
            "@Expr"
            if isinstance(value, Expr) or (isinstance(value, Mapping) and set(value) == {"expr"})
            else "@mapping"
            if isinstance(value, Mapping)
            else "@list"
            if isinstance(value, (list, tuple))
            else "@scalar"
        )
    ),
]
"""Text with `{attribute}` holes, another scalar, a list, `{expr: <JMESPath>}`, or (metadata only) a mapping."""

TRACE_FIELDS = ("name", "user_id", "session_id", "tags", "version", "release", "environment", "public", "metadata")
GENERATION_FIELDS = ("name", "version", "metadata")
TraceField = Annotated[
    str, Field(pattern=r"^(name|user_id|session_id|tags|version|release|environment|public|metadata(\..+)?)$")
]
GenerationField = Annotated[str, Field(pattern=r"^(name|version|metadata(\..+)?)$")]


class TraceAppend(Model):
    """Lists that a rule makes longer."""

    tags: Annotated[list[str], Field(min_length=1), Strict(False)]
    """Tags to add; one that is there already is not added twice."""


class TraceUpdate(Model):
    """Changes to the trace: `default` < what the request says < `set`."""

    set: dict[TraceField, FieldValue] = {}
    """Fields that get this value whatever the request says."""
    default: dict[TraceField, FieldValue] = {}
    """Fields that get this value when the request says nothing."""
    append: TraceAppend | None = None
    """Lists to make longer."""
    update_keys: Annotated[
        list[
            Literal[
                "input",
                "output",
                "name",
                "user_id",
                "session_id",
                "tags",
                "version",
                "release",
                "metadata",
                "trace_name",
                "trace_user_id",
                "trace_version",
                "trace_release",
                "trace_metadata",
            ]
        ],
        Strict(False),
    ] = []
    """On a continued trace, which of its keys this call overwrites."""


class GenerationUpdate(Model):
    """Changes to the generation itself: `default` < what the request says < `set`."""

    set: dict[GenerationField, FieldValue] = {}
    """Fields that get this value whatever the request says."""
    default: dict[GenerationField, FieldValue] = {}
    """Fields that get this value when the request says nothing."""


# -- overlays, rules, overrides, tests -----------------------------------------------------------------


class Overlay(Model):
    """Applies whenever it matches, as every other overlay that does. It can add, never take away."""

    id: Name
    """Name in explanations, counters and tests; unique in the file."""
    description: str | None = None
    """For people; shown by explain."""
    match: Match | None = None
    """Conditions on attributes; none means always."""
    when: Annotated[str, Field(min_length=1)] | None = None
    """JMESPath condition over the attributes, checked after `match`."""
    on_error: Literal["match", "no_match"] | None = None
    """What a `when` that cannot be evaluated counts as. Default: `match` for an overlay with masks (fail closed)."""
    rollout: Rollout | None = None
    """Share of the calls that fit which really match; the others go on as if it did not."""
    mode: Literal["live", "shadow"] = "live"
    """`shadow` only records in the plan that it would match; it has no effect."""
    mask: Annotated[list[MaskName], Strict(False)] = []
    """Masks to add."""
    trace: TraceUpdate | None = None
    """Changes to the trace."""
    generation: GenerationUpdate | None = None
    """Changes to the generation."""
    sample: SampleSpec | None = None
    """Share of these calls that is kept; the lowest of all that apply counts."""


class Rule(Model):
    """The first rule that matches decides where the call goes."""

    id: Name
    """Name in explanations, counters and tests; unique in the file."""
    description: str | None = None
    """For people; shown by explain."""
    match: Match | None = None
    """Conditions on attributes; none means always."""
    when: Annotated[str, Field(min_length=1)] | None = None
    """JMESPath condition over the attributes, checked after `match`; one that cannot be evaluated does not match."""
    rollout: Rollout | None = None
    """Share of the calls that fit which really match; the others go on as if it did not."""
    mode: Literal["live", "shadow"] = "live"
    """`shadow` only records in the plan that it would match; it has no effect."""
    route: Annotated[
        Annotated[str, Tag("@one")] | Annotated[list[str], Field(min_length=1), Strict(False), Tag("@many")],
        Discriminator(lambda value: "@one" if isinstance(value, str) else "@many"),
    ]
    """A project, a list of projects (each gets the call), or `drop`. `team-{team}` and `{team.project}` look into
    the table that `match` holds the attribute to."""
    mask: Annotated[list[MaskName], Strict(False)] = []
    """Masks to add."""
    trace: TraceUpdate | None = None
    """Changes to the trace."""
    generation: GenerationUpdate | None = None
    """Changes to the generation."""
    sample: SampleSpec | None = None
    """Share of these calls that is kept; the lowest of all that apply counts."""

    def projects(self) -> tuple[str, ...]:
        """Return the names of the projects; none for `drop`."""
        names = [self.route] if isinstance(self.route, str) else self.route
        return tuple(name for name in names if name != DROP)


DROP = "drop"
"""The route that sends nothing; no project can have this name."""

OverrideKey = Annotated[
    str,
    Field(
        pattern=r"^(\*|trace\.(\*|id|name|user_id|session_id|tags|version|release|environment|public|metadata(\..+)?)"
        r"|generation\.(\*|id|parent|name|version|metadata(\..+)?)|update_keys)$"
    ),
]


class Overrides(Model):
    """What a request may bring. The rest is ignored, and recorded in the plan as denied."""

    allow: Annotated[list[OverrideKey], Strict(False)] | None = None
    """Keys a request may set: `trace.name`, `trace.metadata.*`, `generation.*`, `*`, … Default: in the SDK `*`,
    in the proxy nothing."""
    masks: Literal["add-only", "ignore"] = "add-only"
    """Whether a request may ask for more hiding (`mask_input`, `mask_output`). It can never ask for less."""


class Expect(Model):
    """What a test expects; what is not named is not compared."""

    route: Annotated[list[str], Strict(False)] | None = None
    """Projects, in order; `[]` for a call that is dropped."""
    rule: str | None = None
    """Id of the rule that decides."""
    overlays: Annotated[list[str], Strict(False)] | None = None
    """Ids of the overlays that match, in order."""
    mask: Annotated[list[str], Strict(False)] | None = None
    """Masks that apply, in order."""
    trace: dict[str, Any] | None = None
    """Trace fields by name; only the named ones are compared."""
    generation: dict[str, Any] | None = None
    """Generation fields by name; only the named ones are compared."""
    sent: dict[str, Any] | None = None
    """What the project gets after masking, by path: `input`, `output`, `metadata.account`, `trace.user_id`, …"""
    masked: dict[str, int] | None = None
    """How often each detector hit."""
    denied: Annotated[list[str], Strict(False)] | None = None
    """What the request asked for and did not get."""
    shadow: Annotated[list[str], Strict(False)] | None = None
    """Ids of rules and overlays in shadow mode that would match."""


class Test(Model):
    """One example that `router check` and `router test` try."""

    name: str
    """The behaviour, as a sentence."""
    request: dict[str, Any] = {}
    """The call: any of team, model, tags, metadata, headers, user, session_id, status, input, output, …"""
    each: Annotated[list[dict[str, Any]], Field(min_length=1), Strict(False)] | None = None
    """One case per entry, each laid over `request`."""
    mask: Annotated[list[MaskName], Strict(False)] = []
    """Masks to add for this test only; how a pack tests its masks."""
    bucket: Annotated[float, Field(ge=0, lt=1), Strict(False)] | None = None
    """Place of the call in every roll-out and sample of this test, 0 to 1, instead of a hash."""
    expect: Expect
    """What must come out."""


class RoutingConfig(Model):
    """routing.yaml: the first match decides where a call goes; every match decides what is hidden."""

    version: Version
    """Version of the language; mandatory."""
    defaults: Defaults = Field(default_factory=Defaults)
    """What holds unless a project or a rule says otherwise."""
    attributes: dict[Annotated[str, Field(min_length=1)], Attribute] = {}
    """What is known about the values of attributes, by their names."""
    tables: dict[Name, Table] = {}
    """Rows of facts by name, one row for each team for example."""
    projects: Annotated[dict[ProjectName, Project], Field(min_length=1)]
    """The Langfuse projects by name: a closed world, no request can invent one. A name with a hole is a template."""
    masks: dict[Name, Annotated[list[MaskStep], Field(min_length=1), Strict(False)]] = {}
    """Masking policies by name, each a list of steps."""
    overlays: Annotated[list[Overlay], Strict(False)] = []
    """Evaluated top to bottom; every one that matches applies."""
    rules: Annotated[list[Rule], Field(min_length=1), Strict(False)]
    """Evaluated top to bottom; the first that matches decides. The last must have no conditions."""
    overrides: Overrides = Field(default_factory=Overrides)
    """What a request may bring."""
    tests: Annotated[list[Test], Strict(False)] = []
    """Examples that `router check` and `router test` try."""


class PackConfig(Model):
    """A pack under rules/: masks that any routing.yaml can use by name, with their tests."""

    version: Version
    """Version of the language; mandatory."""
    description: str
    """What the pack is for."""
    masks: Annotated[dict[Name, Annotated[list[MaskStep], Field(min_length=1), Strict(False)]], Field(min_length=1)]
    """Masking policies by name."""
    tests: Annotated[list[Test], Field(min_length=1), Strict(False)]
    """Examples; every mask needs at least one."""
