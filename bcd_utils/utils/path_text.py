"""Paths as text that survives tables, pages and any locale, and back.

A file's name is bytes. As text it stands as it is, but for what a table or a page could not give back: bytes that are
no UTF-8, control characters such as a line break, ``|`` (it separates masks), a blank at an end of a name, and a ``%``
that would be taken for one of these. They are written as in addresses: ``%`` and two hexadecimal digits a byte.
"""

from __future__ import annotations

import os
import re
import shlex
import unicodedata
from pathlib import Path, PurePath
from urllib.parse import unquote_to_bytes

_NOT_UTF8 = "[\udc80-\udcff]"
_LOST = re.compile(
    rf"{_NOT_UTF8}|[\x00-\x1f\x7f-\x9f\u2028\u2029|]|%(?=[0-9A-Fa-f]{{2}})|(?:^|(?<=/))\s|\s(?=/|$)"
)


def _encoded(match: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in match[0].encode("utf-8", "surrogateescape"))


def text_of(path: PurePath) -> str:
    """A path as text, with "/".

    Examples
    --------
    >>> text_of(Path("benign/benign (2).png"))
    'benign/benign (2).png'
    >>> text_of(Path("a|b/50%41.png ")), text_of(Path(os.fsdecode(b"l\\xe9sion.png")))
    ('a%7Cb/50%2541.png%20', 'l%E9sion.png')
    """
    # The locale may take the bytes for another encoding; names are meant in UTF-8 nearly everywhere.
    name = os.fsencode(path.as_posix()).decode("utf-8", "surrogateescape")
    return _LOST.sub(_encoded, name)


def path_of(text: str) -> Path:
    """The path that `text_of` wrote.

    Examples
    --------
    >>> path_of("a%7Cb/50%2541.png%20")
    PosixPath('a|b/50%41.png ')
    """
    return Path(os.fsdecode(unquote_to_bytes(text)))


def as_typed(text: str) -> str:
    """What a person would type for a path as text; letters with marks are one character, as on most keyboards.

    Examples
    --------
    >>> as_typed("a%7Cb.png"), len("e\\u0301"), len(as_typed("e\\u0301"))
    ('a|b.png', 2, 1)
    """
    name = unquote_to_bytes(text).decode("utf-8", "surrogateescape")
    return unicodedata.normalize("NFC", name)


def printable(text: str) -> str:
    """Any text without the bytes that are no UTF-8, which can be neither printed nor stored; else as it is.

    Examples
    --------
    >>> printable("There is no file " + os.fsdecode(b"l\\xe9sion.png"))
    'There is no file l%E9sion.png'
    """
    name = text.encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape")
    return re.sub(_NOT_UTF8, _encoded, name)


def in_shell(path: Path) -> str:
    """A path as bash and zsh read it.

    Examples
    --------
    >>> print(in_shell(Path("benign (2).png")), in_shell(Path(os.fsdecode(b"l\\xe9sion.png"))))
    'benign (2).png' $'l\\351sion.png'
    """
    raw = os.fsencode(path)
    name = raw.decode(errors="replace")
    if name.isprintable() and name.encode() == raw:
        return shlex.quote(name)
    plain = (chr(byte) if 32 <= byte < 127 and byte not in b"'\\" else f"\\{byte:03o}" for byte in raw)
    return f"$'{''.join(plain)}'"
