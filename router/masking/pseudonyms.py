"""Keyed pseudonyms: the same value gets the same token within one project, and nowhere else."""

from __future__ import annotations

import hmac
from base64 import b32encode
from dataclasses import dataclass, field
from hashlib import sha256

MIN_KEY_BYTES = 32
TEST_KEY_ID = "test"
_BODY_AND_CHECK = 20
_TEST_KEY = sha256(b"langfuse-router: key of `router explain` and `router test`, never of a running router").digest()


@dataclass(frozen=True, slots=True)
class PseudonymKey:
    """A key of `action: hash`. Its repr shows its id only.

    Attributes:
        key_id: 4 characters that name the key in every token, so that a rotation shows.
    """

    key_id: str
    _secret: bytes = field(repr=False)

    @classmethod
    def from_secret(cls, secret: str) -> PseudonymKey:
        """Return the key for `secret`. Raises ValueError under 32 bytes."""
        raw = secret.encode()
        if len(raw) < MIN_KEY_BYTES:
            raise ValueError(f"a pseudonym key needs at least {MIN_KEY_BYTES} bytes")
        return cls(_token(raw, "v1\0key id")[:4], raw)

    @classmethod
    def for_tests(cls) -> PseudonymKey:
        """Return the public key that stands in where no environment was read; its tokens begin with `hash_test_`."""
        return cls(TEST_KEY_ID, _TEST_KEY)

    def pseudonym(self, kind: str, scope: str, value: str) -> str:
        """Return `hash_<key id>_<20 characters>` for `value` of `kind` within `scope` (a project).

        A token of this key is returned as it is, so that masking twice changes nothing; its last four characters
        authenticate it, so that nobody can pass a value off as one.
        """
        if self._is_own(value):
            return value
        body = _token(self._secret, f"v1\0{kind}\0{scope}\0{value}")
        return f"hash_{self.key_id}_{body}{self._check(body)}"

    def end_of_own(self, data: bytes, position: int) -> int:
        """Return where the token of this key that covers `position` in `data` (UTF-8) ends, or -1 for none."""
        prefix = f"hash_{self.key_id}_".encode()
        size = len(prefix) + _BODY_AND_CHECK
        start = data.rfind(prefix, max(0, position + 1 - size), position + len(prefix))
        token = data[start : start + size] if start >= 0 else b""
        return start + size if self._is_own(token.decode("utf-8", "replace")) else -1

    def _check(self, body: str) -> str:
        return _token(self._secret, f"v1\0check\0{body}")[:4]

    def _is_own(self, value: str) -> bool:
        prefix = f"hash_{self.key_id}_"
        if len(value) != len(prefix) + _BODY_AND_CHECK or not value.startswith(prefix) or not value.isascii():
            return False
        return hmac.compare_digest(self._check(value[-20:-4]), value[-4:])


def normalise(kind: str, value: str) -> str:
    """Return the form of `value` in which two spellings of the same thing are equal."""
    if kind == "email":
        return value.casefold()
    if kind == "credit_card":
        return "".join(char for char in value if char.isdecimal())
    return value


def _token(key: bytes, message: str) -> str:
    """Return 80 bits of HMAC-SHA256 as 16 characters of lower-case base32."""
    return b32encode(hmac.digest(key, message.encode("utf-8", "replace"), "sha256")[:10]).decode().lower()
