"""How markup and sentences, in several languages, write a name and a secret."""

from __future__ import annotations

from router.masking.detectors.forms import (
    AS_VALUE,
    FOREIGN,
    MARK,
    NAME,
    OTHER_WORDS,
    PASSWORD,
    SPACED,
    TAG,
    VALUE,
    Evidence,
    Form,
    in_any_case,
)

_PASSWORDS = (
    *("heslo", "lösenord", "adgangskode", "passord", "salasana", "şifre", "parola", "jelszó", "clave", "mdp"),
    *("mật khẩu", "kata sandi", "geheimnis", "كلمة المرور", "كلمة السر", "סיסמה", "รหัสผ่าน", "पासवर्ड"),
    *("口令", "暗証番号", "パスフレーズ", "암호"),
)
"""What other languages call a password, in words that mean something else as well or name no key of data."""
_KEYS = (
    *("api[- ]?schlüssel", "schlüssel", "clé (?:d['’])?api", "clé secrète", "jeton(?: d['’]accès)?", "clave secreta"),
    *("clave (?:de )?(?:la )?api", "chave (?:de |da )?api", "chave secreta", "chiave api", "chiave segreta"),
    *("token d['’]accès", "ключ api", "api ?ключ", "токен", "секрет", "api ?密钥", "密钥", "密鑰", "令牌", "金鑰"),
    *("apiキー", "アクセスキー", "シークレット(?:キー)?", "トークン", "api ?키", "비밀 ?키", "토큰"),
)
"""What they call a key or a token."""
_OTHER_PASSWORDS, _OTHER_KEYS = in_any_case(_PASSWORDS, r"\b"), in_any_case(_KEYS, r"\b")
TEXT_SIGN = rf"(?i:identified (?:by|with)|net user|{FOREIGN})"
"""What stands in a text with such a secret in English, besides the English words for one."""
FOREIGN_SIGN = f"{OTHER_WORDS}|{_OTHER_PASSWORDS}|{_OTHER_KEYS}".encode().decode("latin-1")
"""What stands in one in other languages."""
_IS = (
    r"(?:[ \t]*(?:[:=]|：|＝|->|→|是|为|為|は|が|는|은|이|가)|[ \t]+(?i:is|was|will be|to|ist|lautet|est|es|é|è))"
    r"[ \t]*:?[ \t]*"
)
_OPENING = rf"(?:「|『|“|„|«|‘)?{MARK}"
_ASCII_VALUE = r"([!#-&(-+\--;=?-\[\]-_a-z{}~]{4,})"
_TANGLED = r"([A-Za-z_+/-]*[0-9][!-&(-;=?-_a-{}~]{3,})"
_NOTE = r"(?:[ \t]*\([^()\n]+\)|[ \t]*\[[^\[\]\n]+\])"
_FOR = r"[ \t]+(?i:for|of|on|to|für|von|zum|zur|de|du|des|da|do|del|di|della|от|для|к)[ \t]+[^\n:=.;?!]+?"

TEXT_FORMS = (
    # Markup
    Form(
        rf"<(?:[A-Za-z0-9_]+:)?({NAME})(?:[ \t]+[^<>\n]*)?>\s*(?:<!\[CDATA\[)?([^\s<>\]][^\s<>\]]{{3,}})",
        Evidence.MIXED,
    ),
    Form(
        rf"<[A-Za-z:]+[^<>\n]*[ \t](?:name|key|id)=[\"']({NAME})[\"'][^<>\n]*>\s*(?:<[a-z]+>)?([^\s<>]{{4,}})",
        Evidence.MIXED,
    ),
    Form(
        rf"\b(?:type)=[\"'](password)[\"']{AS_VALUE}",
        Evidence.TOLD,
    ),
    Form(rf"({SPACED})[ \t]*:?[ \t]*(?:{TAG}[\s:]*)+{VALUE}", Evidence.MIXED, "api_key"),
    # A note or more words between the two
    Form(rf"({PASSWORD})(?:{_NOTE}|{_FOR}){_IS}{_OPENING}{_ASCII_VALUE}", Evidence.MIXED, "password"),
    Form(rf"({SPACED})(?:{_NOTE}|{_FOR}){_IS}{_OPENING}{_ASCII_VALUE}", Evidence.MIXED, "api_key"),
    Form(rf"({PASSWORD})[ \t]+(?:to|will be|now is)[ \t]+{_OPENING}{_ASCII_VALUE}", Evidence.MIXED, "password"),
    Form(
        rf"\b(?i:with|using|use|by|mit|avec|con)[ \t]+(?i:the |my |this |dem |le |la )?({PASSWORD})[ \t]+{_OPENING}"
        rf"{_ASCII_VALUE}",
        Evidence.MIXED,
        "password",
    ),
    # Nothing between the two: a value that is no word
    Form(rf"({SPACED})[ \t]+{MARK}{_TANGLED}", Evidence.TANGLED, "api_key"),
    Form(rf"({PASSWORD})[ \t]+{MARK}{_TANGLED}", Evidence.TANGLED, "password"),
)
FOREIGN_FORMS = (
    Form(
        rf"({OTHER_WORDS})(?:(?:{_NOTE}|{_FOR}){_IS}|{_IS}|[ \t]+)?{_OPENING}{_ASCII_VALUE}", Evidence.MIXED, "password"
    ),
    Form(rf"({_OTHER_PASSWORDS})(?:{_NOTE}|{_FOR})?{_IS}{_OPENING}{_ASCII_VALUE}", Evidence.MIXED, "password"),
    Form(rf"({_OTHER_KEYS})(?:{_NOTE}|{_FOR})?{_IS}{_OPENING}{_ASCII_VALUE}", Evidence.MIXED, "api_key"),
)
