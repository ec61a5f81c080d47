"""Whose word is whose in LiteLLM's arguments: the authenticated key, the host's facts, the caller's headers."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from router.litellm import private
from router.litellm.content import mapping_of
from router.routing.attributes import text_of
from router.routing.identity import identity_from_metadata
from router.routing.record import Origin
from router.routing.requested import texts_in

ROUTED_BY = "_routing_request_tags"
"""Where LiteLLM's router leaves a tuple when it has chosen a deployment."""
IDENTITY = (
    ("team", "team_id"),
    ("team_alias", "team_alias"),
    ("key_alias", "key_alias"),
    ("org", "org_id"),
)
AUTH_DETAILS = (
    ("user_api_key_alias", "key_alias"),
    ("user_api_key_team_id", "team_id"),
    ("user_api_key_team_alias", "team_alias"),
    ("user_api_key_org_id", "org_id"),
    ("user_api_key_org_alias", "organization_alias"),
    ("user_api_key_user_id", "user_id"),
    ("user_api_key_request_route", "request_route"),
)
_SECRET_HEADER_ENDS = ("key", "token", "secret", "password", "jwt", "cookie", "signature", "credential", "credentials")
_MAX_HEADERS = 128
_MAX_HEADER_VALUE = 16_384
_NOTHING: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True, repr=False)
class Caller:
    """Who made a call.

    Attributes:
        authenticated: False only for a proxy's caller whose key was not accepted.
        identity: `team`, `team_alias`, `key_alias`, `key_hash`, `org` of CallRecord, from whoever may say so.
        host_tags: the tags that the proxy's own configuration puts on the key's calls.
        user: the end user that the call names, in the proxy by its body.
        headers: the client's headers without secrets; only an authenticated caller's.
        facts: what LiteLLM's own routing wrote about the deployment; empty where a client could have written it.
        details: the key's identity by LiteLLM's names.
    """

    origin: Origin = "sdk"
    authenticated: bool = True
    identity: Mapping[str, str] = field(default_factory=dict)
    host_tags: tuple[str, ...] = ()
    user: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)


def caller_of(kwargs: Mapping[str, Any], params: Mapping[str, Any], proxy_process: bool | None) -> Caller:
    """Return who made the call that a hook reports.

    In the proxy nothing but an instance of LiteLLM's `UserAPIKeyAuth` identifies a caller: no JSON body can
    make one, while every other field has been seen with a client's words in it. Calls through pass-through
    endpoints have none; what LiteLLM wrote of the key is taken there, where it wrote that last. In an application
    without a proxy the metadata is the application's own, so its word counts.
    """
    slots = slots_of(params)
    auth, slot = _authenticated(slots)
    if auth is not None:
        return _key_holder(kwargs, params, auth, slot)
    if is_passed_through(params) and (caller := _passed_through(kwargs, params, slots[0])) is not None:
        return caller
    if proxy_process is None:
        proxy_process = is_proxy_loaded()
    if proxy_process or params.get("proxy_server_request") or kwargs.get("litellm_no_upstream_llm_call") is True:
        return Caller(origin="proxy", authenticated=False, user=text_of(kwargs.get("user")) or None)
    facts = {**slots[0], **slots[1]} if slots[1] else slots[0]
    return Caller(identity=identity_from_metadata(facts), user=text_of(kwargs.get("user")) or None, facts=facts)


def is_proxy_loaded() -> bool:
    """Tell whether LiteLLM's proxy is loaded: always in a proxy, sometimes in an application that is none."""
    return private.PROXY_SHUTDOWN.module in sys.modules


def slots_of(params: Mapping[str, Any]) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Return both metadata of a call: the body's own, and the one LiteLLM uses where a provider claims the first."""
    return mapping_of(params.get("metadata")), mapping_of(params.get("litellm_metadata"))


def headers_of(params: Mapping[str, Any]) -> dict[str, str]:
    """Return the client's headers, lower-cased, without those that carry credentials."""
    given: Mapping[Any, Any] = mapping_of(mapping_of(params.get("proxy_server_request")).get("headers"))
    headers: dict[str, str] = {}
    for name, value in tuple(given.items())[:_MAX_HEADERS]:
        if isinstance(name, str) and isinstance(value, str) and (kept := _kept_name(name)):
            headers[kept] = value[:_MAX_HEADER_VALUE]
    return headers


def _authenticated(slots: tuple[Mapping[str, Any], Mapping[str, Any]]) -> tuple[Any, Mapping[str, Any]]:
    """Return the authenticated key and the metadata it stands in; (None, {}) when there is none."""
    auth_class = private.find(private.KEY_HOLDER)
    if isinstance(auth_class, type):
        for slot in slots:
            auth = slot.get("user_api_key_auth")
            if auth is not None and isinstance(auth, auth_class):
                return auth, slot
    return None, _NOTHING


def _key_holder(kwargs: Mapping[str, Any], params: Mapping[str, Any], auth: Any, slot: Mapping[str, Any]) -> Caller:
    identity = {name: text for name, attribute in IDENTITY if (text := _read(auth, attribute))}
    details = {name: text for name, attribute in AUTH_DETAILS if (text := _read(auth, attribute))}
    if key_hash := _hash_of(auth):
        identity["key_hash"] = details["user_api_key_hash"] = key_hash
    # The proxy writes a tuple; a list is a client's word, on versions of LiteLLM that do not know the key.
    inherited = slot.get("inherited_tags")
    return Caller(
        origin="proxy",
        identity=identity,
        host_tags=tuple(texts_in(inherited)) if isinstance(inherited, tuple) else (),
        user=_read(auth, "end_user_id") or text_of(kwargs.get("user")) or None,
        headers=headers_of(params),
        facts=slot if _is_routed(kwargs, params, slot) else _NOTHING,
        details=details,
    )


def is_passed_through(params: Mapping[str, Any]) -> bool:
    """Tell whether LiteLLM's code for pass-through endpoints wrote these parameters, and the key's identity last.

    It alone leaves the web framework's own object with the headers, which no JSON body can make. Before 1.100 it
    let a client's metadata overwrite the identity.
    """
    headers = mapping_of(params.get("proxy_server_request")).get("headers")
    kind = getattr(sys.modules.get("starlette.datastructures"), "Headers", None)
    return (
        isinstance(kind, type) and isinstance(headers, kind) and private.installed_release() >= private.KEEPS_KEYS_APART
    )


def _passed_through(kwargs: Mapping[str, Any], params: Mapping[str, Any], slot: Mapping[str, Any]) -> Caller | None:
    """Return the caller of a pass-through endpoint; None for one that asks for no key.

    Key, team and client wrote the tags into one list, so they count as the client's.
    """
    names = {attribute: name for name, attribute in AUTH_DETAILS}
    details = {name: text for name, _ in AUTH_DETAILS if (text := text_of(slot.get(name)))}
    identity = {name: text for name, attribute in IDENTITY if (text := details.get(names[attribute]))}
    key_hash = text_of(slot.get("user_api_key_hash"))
    if not (identity or key_hash or "user_api_key_user_id" in details):
        return None
    if key_hash and _is_hash(key_hash):
        identity["key_hash"] = details["user_api_key_hash"] = key_hash
    return Caller(
        origin="proxy",
        identity=identity,
        user=text_of(slot.get("user_api_key_end_user_id")) or text_of(kwargs.get("user")) or None,
        headers=headers_of(params),
        details=details,
    )


def _is_routed(kwargs: Mapping[str, Any], params: Mapping[str, Any], slot: Mapping[str, Any]) -> bool:
    """Tell whether LiteLLM's router chose a deployment, and so overwrote what the client had put in its place.

    It leaves a tuple there then, which no JSON body can; older versions of LiteLLM left nothing.
    """
    if params.get("proxy_rejected_before_routing") or kwargs.get("litellm_no_upstream_llm_call"):
        return False
    leaves_tuple = private.find(private.ROUTED) is not None
    return isinstance(slot.get(ROUTED_BY), tuple) or not leaves_tuple


def _read(auth: Any, attribute: str) -> str | None:
    return text_of(getattr(auth, attribute, None)) or None


def _hash_of(auth: Any) -> str | None:
    """Return the key's SHA-256 as LiteLLM keeps it; anything else might be the key itself."""
    for attribute in ("token", "api_key"):
        value = getattr(auth, attribute, None)
        if isinstance(value, str) and _is_hash(value):
            return value
    return None


def _is_hash(text: str) -> bool:
    return len(text) == 64 and not text.strip("0123456789abcdef")


@lru_cache(maxsize=1024)
def _kept_name(header: str) -> str | None:
    """Return a header's name lower-cased; None when its value is a credential."""
    name = header.lower()
    secret = name.endswith(_SECRET_HEADER_ENDS) or "authorization" in name or "cookie" in name
    return None if secret else name
