"""The identity of a document: the same in every store, made from where it came from."""

from hashlib import sha1

NAMESPACE = bytes.fromhex("3ff16a50f4be40ce99a41e7a22a46cea")
"""Drawn once; a change would give every document another id."""


def document_uid(source: str, source_id: str) -> bytes:
    """
    Make the 16 bytes of a version 5 UUID (RFC 9562) of a source and an id in it.

    By hand, since this runs for every item of every scan and the standard
    library's class takes four times as long.
    """
    name = f"{source}\0{source_id}".encode("utf-8", "surrogatepass")
    digest = sha1(NAMESPACE + name, usedforsecurity=False).digest()
    return (
        digest[:6]
        + bytes((digest[6] & 0x0F | 0x50,))
        + digest[7:8]
        + bytes((digest[8] & 0x3F | 0x80,))
        + digest[9:16]
    )


def format_uid(uid: bytes) -> str:
    """Write a UID as UUIDs are written."""
    digits = uid.hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def parse_uid(text: str) -> bytes | None:
    """Read a UUID; None when the text is none."""
    digits = text.replace("-", "")
    try:
        uid = bytes.fromhex(digits)
    except ValueError:
        return None
    return uid if len(uid) == 16 and format_uid(uid) == text.lower() else None
