"""The texts that are masked: prose of a language model with or without personal data, and texts made to be slow."""

from __future__ import annotations

import base64
import json
import random
import sysconfig
from pathlib import Path

KB = 1_000
_SYLLABLES = "ta re mi no la ver con pro sta tion ment ing ex per ad in de sub cal or ble ti ous ar en ist um".split()
_ASIDES = (
    "See `module.function(value)` in version 3.11.7.",
    "It took 1,284 ms on 2026-03-14 at 10:30:00, for 42 items.",
    "The key of the table is `order_id`; 7 of 31 rows were empty.",
    "Read https://docs.example.org/guide/page?part=2 — “first part”.",
    "- commit 5e141933554a0b74e7341841f318be21e895339c\n- trace 0f8fad5b-d9cb-469f-a165-70867728950e\n",
)
_FINDS = (
    "Write to anna.example@example.org about it.",
    "The card is 4111 1111 1111 1111, valid as before.",
    "Call +49 30 23125 777 on weekdays.",
    "The key is sk-proj-Zt8w3Xv1Qm5Rk7Lp2Nc9Ub4Ha6Dy0Fe, it is mine.",
    "The server is 203.0.113.7, port 80.",
)


def prose(size: int, finds: int = 0, seed: int = 1) -> str:
    """Return about `size` characters of sentences, `finds` of which hold something that five detectors find."""
    chance = random.Random(seed)
    pieces: list[str] = []
    length = told = 0
    while length < size:
        if told < finds and length >= size * told / finds:
            pieces.append(_FINDS[told % len(_FINDS)])
            told += 1
        elif chance.random() < 0.1:
            pieces.append(chance.choice(_ASIDES))
        else:
            words = ("".join(chance.choices(_SYLLABLES, k=chance.randint(1, 4))) for _ in range(chance.randint(6, 18)))
            pieces.append(" ".join(words).capitalize() + ".")
        length += len(pieces[-1]) + 1
    return " ".join(pieces)[:size]


def different_texts(most: int) -> list[str]:
    """Return the beginnings of up to `most` modules of Python's standard library."""
    modules = sorted(Path(sysconfig.get_path("stdlib")).glob("*.py"))[:most]
    return [module.read_text("utf-8", "replace")[: 20 * KB] for module in modules]


def texts() -> dict[str, str]:
    """Return the ordinary texts by name."""
    return {
        "4 kB clean": prose(4 * KB),
        "4 kB, 5 finds": prose(4 * KB, 5),
        "100 kB clean": prose(100 * KB),
        "100 kB, 100 finds": prose(100 * KB, 100),
    }


def dense_texts(size: int) -> dict[str, str]:
    """Return texts of about `size` characters in which there is something to look at everywhere."""
    strings = [{"id": number, "name": f"Item {number}", "of": "stock", "by": "anna"} for number in range(size // 56)]
    cards = ("4111 1111 1111 1111, 5500005555555559 and 3782 822463 10005; " * (size // 60 + 1))[:size]
    escaped = json.dumps(prose(size).replace(". ", '.\n"').replace(", ", ", é"))[1:size]
    foreign = prose(size).replace("in", "ín").replace(" c", "\u00a0c").replace(". ", " — ")[:size]
    found = [{**each, "by": "anna" if number % 50 else "anna@example.org"} for number, each in enumerate(strings)]
    return {
        "JSON of many short strings": json.dumps(strings),
        "JSON with finds": json.dumps(found),
        "JSON of one text": json.dumps({"document": prose(size, size // KB)}, ensure_ascii=False),
        "lists below prose": f"{prose(size, size // KB)}\n[1, 2]\n[a]: b",
        "true cards": cards,
        "escaped text": escaped,
        "accents and no-break spaces": foreign,
    }


def crowded_texts(size: int) -> dict[str, str]:
    """Return texts of `size` characters that are full of finds, or of names of secrets without one."""
    units = {
        "arrows between names": "->key",
        "names without values": "password: ",
        "options of a command": "mysql -p ",
        "cards": "4111 1111 1111 1111, ",
        "telephone numbers": "+49 30 23125 777, ",
        "IP addresses": "203.0.113.7, ",
        "account numbers": "DE89 3704 0044 0532 0130 00, ",
        "dates": "2026-03-14 at 10:30:00, ",
    }
    spaced = {"no-break spaces": prose(size).replace(" ", "\u00a0")}
    return {**{name: (unit * size)[:size] for name, unit in units.items()}, **spaced}


def hostile_texts(size: int = 100 * KB) -> dict[str, str]:
    """Return texts of `size` characters that nearly match, again and again."""
    units = {
        "words with dots": "a.",
        "at signs": "a@",
        "digits apart": "1 ",
        "digits": "5",
        "half cards": "4111 ",
        "half addresses": "1.1.",
        "plus signs": "+1 ",
        "half keys": "sk-",
        "colons": "a:",
        "quotes": "\"'",
    }
    data = base64.b64encode(random.Random(1).randbytes(size)).decode()
    return {**{name: (unit * size)[:size] for name, unit in units.items()}, "base64": data[:size]}
