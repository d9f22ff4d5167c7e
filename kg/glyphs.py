"""Characters that deceive the eye: those that hide, and names that only look alike.

Nothing is changed here; what is found is told, so that a person can look twice.

References
----------
Unicode Technical Standard 39, Unicode Security Mechanisms (confusables); Unicode Standard Annex 15 (normal forms).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

__all__ = ["escaped", "hidden", "look_alikes", "twins"]

#: Marks of direction, characters without width, control characters beyond ASCII, tags.
_HIDDEN = re.compile(
    "[\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
#: Cyrillic and Greek letters that print like a Latin one, capitals folded.
_LOOKS_LIKE = str.maketrans(
    dict(zip("авсԁеһіјкӏмнорԛѕтѵԝхуүαβεηικνορτυχϲ", "abcdehijklmhopqstvwxyyabenikvoptuxc", strict=True))
)
_WORD = re.compile(r"\w+")


def escaped(text: str, *, private: bool = False) -> str:
    """Return text in which no character can steer a terminal, hide, or turn the direction of reading.

    Parameters
    ----------
    text : str
    private : bool
        Write characters of private use as codes too: what they show is anybody's choice.
    """
    kinds = ("Cc", "Cf", "Cs", "Co") if private else ("Cc", "Cf", "Cs")
    return "".join(
        char if char in "\n\t" or unicodedata.category(char) not in kinds else f"\\u{ord(char):04x}"
        for char in text
    )


def hidden(text: str) -> list[str]:
    """Return the characters of a text that show nothing, or turn what follows round, as ``U+202E`` each, once."""
    return list(dict.fromkeys(f"U+{ord(found):04X}" for found in _HIDDEN.findall(text)))


def look_alikes(names: Iterable[str]) -> list[tuple[str, str]]:
    """Return pairs of words of different letters, from different alphabets, that look the same.

    Parameters
    ----------
    names : iterable of str

    Returns
    -------
    list of (str, str)
        The word with the foreign letters, and the word it looks like. Linear in the length of all names.
    """
    shown: dict[str, dict[str, str]] = {}
    for name in names:
        for word in _WORD.findall(name):
            folded = unicodedata.normalize("NFC", word).casefold()
            shown.setdefault(folded.translate(_LOOKS_LIKE), {}).setdefault(folded, word)
    return [
        (word, next(other for mine, other in words.items() if mine != folded))
        for looks, words in shown.items()
        if len(words) > 1
        for folded, word in words.items()
        if folded != looks
    ]


def twins(names: Iterable[str]) -> list[tuple[str, str]]:
    """Return pairs of names that are one text in two encodings (``é`` as one character and as two)."""
    known = set(names)
    composed: dict[str, str] = {}
    found: list[tuple[str, str]] = []
    for name in sorted(name for name in known if not name.isascii()):
        other = composed.setdefault(unicodedata.normalize("NFC", name), name)
        if other != name:
            found.append((other, name))
    return found
