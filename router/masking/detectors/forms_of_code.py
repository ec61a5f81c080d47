"""How programs, commands and queries write a name and a secret other than with an equals sign."""

from __future__ import annotations

from router.masking.detectors.forms import (
    AFTER_USER,
    BEGUN,
    ECHO,
    GIVEN,
    MARK,
    NAME,
    QUOTE,
    QUOTED,
    VALUE,
    VALUE_GOES_ON,
    Evidence,
    Form,
)

_CONVERTS = (
    r"(?i:(?:[a-z0-9_]+[.:]+)*(?:str|string|bytes|text|decode|(?:from)?base64_?(?:decode|string)?|b64decode|unhexlify|fromhex"
    r"|from|quote|secretstr|md5|sha[0-9]*|crypt|hash|encode|utf8))"
)
"""What makes a secret of what it takes; others take the name of one."""
_CONNECTS = r"(?i:mysqli?_(?:p?connect)|pdo|getconnection|pg_connect|oci_connect|sp_addlogin)"
_ARGUMENTS = r"[^()\n\"']*(?:\"[^\"\n]*\"|'[^'\n]*')?[ \t]*,"
_MEMBER = rf"(?:[ \t]*{MARK}[A-Za-z_]+{MARK}[ \t]*:[ \t]*{MARK}[A-Za-z_ ]+{MARK}[ \t]*,)?"
CODE_SIGN = (
    r"sqlplus|sqlldr|expdp|impdp|jdbc:oracle|[hH]mac|Fernet|jwt\.|JWT\.|_connect|etConnection|PDO\(|sp_addlogin"
    r"|requirepass|masterauth|ecure[sS]tring"
)
"""What stands in a text with such a secret, besides the English words for one."""

CODE_FORMS = (
    # Comparisons, defaults, conversions
    Form(rf"({NAME})(?:{QUOTE})?\]?[ \t]*(?:[=!]==?|=~|<>)[ \t]*[frbuLN@$]?{QUOTE}{QUOTED}", Evidence.MIXED),
    Form(rf"({NAME})[ \t]*\|[ \t]*default\([ \t]*{QUOTE}{QUOTED}", Evidence.MIXED),
    Form(rf"({NAME})[\"'\])]*[ \t]*(?:\|\||\?\?|\bor\b|\?:)[ \t]*[frbuLN@$]?{QUOTE}{QUOTED}", Evidence.MIXED),
    Form(
        rf"({NAME})(?:{QUOTE})?\]?[ \t]*(?:\{{|(?:[:=]>?|:=)[ \t\n]*(?:new )?(?:{_CONVERTS}?(?:\([0-9]*\)|[({{\[])"
        rf"[ \t\n]*)+)[frbuLN@$]?{QUOTE}{QUOTED}",
        Evidence.MIXED,
    ),
    # Pairs of a name and a value, whatever they are called
    Form(
        rf"{QUOTE}(?i:name|key|field|label|id|variable|(?:parameter|option)_?(?:key|name)){GIVEN}({NAME}){QUOTE}"
        rf"[ \t\n]*,{_MEMBER}[ \t\n]*{QUOTE}(?i:val(?:ue)?|content|(?:parameter|option)_?value){GIVEN}{VALUE}",
        Evidence.TOLD,
    ),
    # Shells, containers, configuration
    Form(rf"\b(?:define|set(?:[ \t]+-[a-zA-Z]+)+)[ \t]+({NAME})[ \t]+{MARK}{VALUE}", Evidence.TOLD),
    Form(rf"\b(requirepass|masterauth)[ \t]+{MARK}{VALUE}", Evidence.TOLD, "password"),
    Form(rf"--?({NAME})[\"']?,?[ \t]*\n[ \t]*-[ \t]+{MARK}{VALUE}", Evidence.MIXED),
    Form(rf"(?:^|\n)[ \t]*({NAME})[ \t]+{QUOTE}{QUOTED}{QUOTE}[ \t]*[;,]?[ \t\r]*(?:\n|$)", Evidence.MIXED),
    Form(
        rf"{ECHO}([^\s\"'|]{{4,}})[\"']?[ \t]*\|[^|\n]*--password-stdin",
        Evidence.TOLD,
        "password",
    ),
    Form(r"(?:^|\n|> )(AUTH)[ \t]+(?:[A-Za-z0-9_-]+[ \t]+)?([^\s\"']{5,})[ \t\r]*(?:\n|$)", Evidence.MIXED, "password"),
    Form(rf"(?i:\b(convertto-securestring)[ \t]+(?:-string[ \t]+)?){MARK}{VALUE}", Evidence.MIXED, "password"),
    Form(
        r"\b((?:sqlplus|sqlldr|expdp|impdp)[ \t]+(?:-[a-zA-Z]+[ \t]+)*|jdbc:oracle:(?:thin|oci):)"
        r"[A-Za-z0-9_$]+/\"?([^\s\"'@/]{4,})",
        Evidence.TOLD,
        "password",
    ),
    # Calls that take a secret at a place of its own
    Form(
        rf"(?i:([a-z_]*credentials(?:provider)?)(?:\.(?:create|new|of|from))?\()[ \t]*{AFTER_USER}",
        Evidence.TOLD,
        "password",
    ),
    Form(
        rf"\b({_CONNECTS})(?:\({_ARGUMENTS}|[ \t]+)[ \t]*{AFTER_USER}",
        Evidence.MIXED,
        "password",
    ),
    Form(
        r"\b(createHmac\([^,()\n]+,|hmac\.new\(|Fernet\(|(?i:jwt)\.[a-z]+\([^()\"'\n]+,)"
        rf"[ \t]*b?{QUOTE}{QUOTED}{QUOTE}",
        Evidence.MIXED,
        "password",
    ),
    # The next line of a session: `>>> token`, `$ echo $API_TOKEN`
    Form(
        rf"(?:>>> ?|\$ |In \[[0-9]+\]: )(?:(?:print|echo|printenv)[ \t(]+)?[\"'$({{]*({NAME})[\"')}}]*\n"
        rf"(?:Out\[[0-9]+\]:[ \t]*)?{MARK}({BEGUN}{VALUE_GOES_ON}){MARK}[ \t\r]*(?:\n|$)",
        Evidence.MIXED,
    ),
    # Two columns
    Form(
        rf"(?:^|\n)[ \t]*({NAME})(?:[ \t]{{2,}}|[ \t]*\.{{3,}}[ \t]*)({BEGUN}{VALUE_GOES_ON})[ \t\r]*(?:\n|$)",
        Evidence.MIXED,
    ),
)
