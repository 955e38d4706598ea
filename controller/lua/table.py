"""
Every name that a script finds beside the Lua language, in one table.

`docs/reference/lua.md` repeats it, the guest builds its environment from it,
and tests compare the three.  To add a host function, add its row here, its Lua
side in guest/api.lua and, if it is a capability, its host side in host/.
"""

from typing import NamedTuple


class HostFunction(NamedTuple):
    """One row."""

    name: str
    parameters: str
    returns: str
    about: str
    capability: str
    """
    The name that crosses the wire.  Empty for what only computes, and so exists
    in every guest; the others exist where the host offers their capability.
    """
    audience: tuple[str, ...]


EVERYONE = ("connector", "tool", "agent")
CONNECTORS = ("connector",)

_HTTP = "http.request"
_RESPONSE = "response"

HOST_FUNCTIONS = (
    HostFunction(
        "http.request", "method, url [, options]", _RESPONSE, "Any method.", _HTTP, EVERYONE
    ),
    HostFunction("http.get", "url [, options]", _RESPONSE, "Fetch a URL.", _HTTP, EVERYONE),
    HostFunction("http.head", "url [, options]", _RESPONSE, "Fetch headers only.", _HTTP, EVERYONE),
    HostFunction("http.delete", "url [, options]", _RESPONSE, "Delete.", _HTTP, EVERYONE),
    HostFunction("http.post", "url, body [, options]", _RESPONSE, "Send a body.", _HTTP, EVERYONE),
    HostFunction("http.put", "url, body [, options]", _RESPONSE, "Replace.", _HTTP, EVERYONE),
    HostFunction("http.patch", "url, body [, options]", _RESPONSE, "Change.", _HTTP, EVERYONE),
    HostFunction(
        "fs.read", "path", "string", "Read a file beside the script.", "fs.read", EVERYONE
    ),
    HostFunction(
        "fs.list",
        "directory [, glob]",
        "array of entries",
        "List files by name.",
        "fs.list",
        EVERYONE,
    ),
    HostFunction(
        "env.get", "name", "string or nil", "Read a variable that was granted.", "env.get", EVERYONE
    ),
    HostFunction(
        "log.debug", "...", "nothing", "Write a line for developers.", "log.write", EVERYONE
    ),
    HostFunction("log.info", "...", "nothing", "Write a line.", "log.write", EVERYONE),
    HostFunction("log.warn", "...", "nothing", "Write a warning.", "log.write", EVERYONE),
    HostFunction("log.error", "...", "nothing", "Write an error.", "log.write", EVERYONE),
    HostFunction("print", "...", "nothing", "The same as `log.info`.", "log.write", EVERYONE),
    HostFunction(
        "sleep", "seconds", "nothing", "Wait; the time is not charged.", "sleep", EVERYONE
    ),
    HostFunction("emit", "item", "nothing", "Hand an item over now.", "", CONNECTORS),
    HostFunction("json.parse", "text", "value", "Read JSON; null becomes nil.", "", EVERYONE),
    HostFunction("json.decode", "text", "value", "The same as `json.parse`.", "", EVERYONE),
    HostFunction("json.encode", "value", "string", "Write JSON, keys sorted.", "", EVERYONE),
    HostFunction("json.array", "[table]", "table", "Mark a table as a JSON array.", "", EVERYONE),
    HostFunction("json.null", "", "a value", "Written as `null`; for `json.encode`.", "", EVERYONE),
    HostFunction("base64.encode", "bytes", "string", "Standard alphabet, padded.", "", EVERYONE),
    HostFunction("base64.decode", "text", "bytes", "Blanks are skipped.", "", EVERYONE),
    HostFunction("crypto.sha256", "bytes", "string", "Lower-case hex.", "", EVERYONE),
    HostFunction("crypto.hmac_sha256", "key, bytes", "string", "Lower-case hex.", "", EVERYONE),
)


def names_for(kind: str, capabilities: tuple[str, ...]) -> tuple[str, ...]:
    """List what a script of this kind finds, given what its host offers."""
    return tuple(
        row.name
        for row in HOST_FUNCTIONS
        if kind in row.audience and (not row.capability or row.capability in capabilities)
    )
