"""The shape of routing.yaml, version 1: the only source of schema.json and of the reference documentation."""

from router.config.model.active import Active
from router.config.model.base import (
    DATA_MARK,
    Column,
    Data,
    MaskName,
    Model,
    Name,
    ProjectName,
    Rate,
    RowKey,
    Scalar,
    Version,
)
from router.config.model.defaults import Defaults
from router.config.model.detectors import Examples, ImportedRules, NamedEntities, Near, OwnDetector, PatternDetector
from router.config.model.entries import DROP, Destination, Overlay, Rule
from router.config.model.facts import Attribute, Normalize, Table, TableFile
from router.config.model.files import RoutingConfig, RuleOrMount, TeamFile
from router.config.model.masks import DETECTOR_NAMES, SECRET_DETECTORS, AllowPattern, Detector, MaskAction, MaskStep
from router.config.model.matching import Match, Matcher, MatchOperators
from router.config.model.mounts import Mount, TeamSection
from router.config.model.overrides import AD_HOC, CredentialHosts, Grant, OverrideKey, Overrides
from router.config.model.packs import REFERENCE, PackConfig, PackReference, PackRelease
from router.config.model.projects import Project, ProjectByKeys, ProjectByPrefix
from router.config.model.references import (
    EnvRef,
    EnvTemplate,
    FileRef,
    ProjectSecretRef,
    ProjectValueRef,
    SecretRef,
    ValueRef,
)
from router.config.model.request_masks import MASK_FUNCTION, MASK_INPUT, MASK_OUTPUT, REQUEST_MASKS
from router.config.model.servers import Generation, Server
from router.config.model.shares import Rollout, SampleBy, SampleSpec
from router.config.model.tests import Expect, Test
from router.config.model.updates import (
    GENERATION_FIELDS,
    TRACE_FIELDS,
    Expr,
    FieldValue,
    GenerationField,
    GenerationUpdate,
    TraceAppend,
    TraceField,
    TraceUpdate,
)

__all__ = [
    "AD_HOC",
    "DATA_MARK",
    "DETECTOR_NAMES",
    "DROP",
    "GENERATION_FIELDS",
    "MASK_FUNCTION",
    "MASK_INPUT",
    "MASK_OUTPUT",
    "REFERENCE",
    "REQUEST_MASKS",
    "SECRET_DETECTORS",
    "TRACE_FIELDS",
    "Active",
    "AllowPattern",
    "Attribute",
    "Column",
    "CredentialHosts",
    "Data",
    "Defaults",
    "Destination",
    "Detector",
    "EnvRef",
    "EnvTemplate",
    "Examples",
    "Expect",
    "Expr",
    "FieldValue",
    "FileRef",
    "Generation",
    "GenerationField",
    "GenerationUpdate",
    "Grant",
    "ImportedRules",
    "MaskAction",
    "MaskName",
    "MaskStep",
    "Match",
    "MatchOperators",
    "Matcher",
    "Model",
    "Mount",
    "Name",
    "NamedEntities",
    "Near",
    "Normalize",
    "Overlay",
    "OverrideKey",
    "Overrides",
    "OwnDetector",
    "PackConfig",
    "PackReference",
    "PackRelease",
    "PatternDetector",
    "Project",
    "ProjectByKeys",
    "ProjectByPrefix",
    "ProjectName",
    "ProjectSecretRef",
    "ProjectValueRef",
    "Rate",
    "Rollout",
    "RoutingConfig",
    "RowKey",
    "Rule",
    "RuleOrMount",
    "SampleBy",
    "SampleSpec",
    "Scalar",
    "SecretRef",
    "Server",
    "Table",
    "TableFile",
    "TeamFile",
    "TeamSection",
    "Test",
    "TraceAppend",
    "TraceField",
    "TraceUpdate",
    "ValueRef",
    "Version",
]
