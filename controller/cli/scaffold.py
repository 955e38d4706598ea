"""The text of a new connector, and the section of ctx.toml that goes with it."""

import re

from controller.config.write import section_text

_SCRIPT = """\
-- Connector: @NAME@
--
-- Put this into @FILE@:
--
@SECTION@
--
-- Try it:   ctx connector test @PATH@ --source @NAME@
-- Sync it:  ctx sync script:@NAME@
--
-- docs/reference/lua.md lists what a script may call.

connector = {
    name = "@NAME@",
    version = "0.1.0",
    description = "What this connector brings in",
}

-- One page of the API.  Whatever `error` says ends the run and becomes its message.
local function fetch(config, page)
    local resp = http.get(config.url .. "/api/items", {
        headers = { Authorization = "Bearer " .. (config.api_token or "") },
        params = { page = page },
    })
    if not resp.ok then
        error("GET /api/items, page " .. page .. ": " .. (resp.error or resp.status))
    end
    return resp.json
end

-- `config` is the section above.  What is returned is stored: an item needs
-- `source_id`, which stays the same from run to run, and `body`; the rest is welcome.
function connector.scan(config)
    if not config.url then
        log.warn("config.url is not set, so there is nothing to fetch")
        return {}
    end

    local items = {}
    local page, pages = 1, 1
    while page <= pages do
        local answer = fetch(config, page)
        for _, entry in ipairs(answer.items) do
            table.insert(items, {
                source_id = entry.id,
                title = entry.title,
                body = entry.text,
                author = entry.author,
                updated_at = entry.updated_at,
                source_url = config.url .. "/items/" .. entry.id,
                metadata = { status = entry.status },
            })
        end
        pages = answer.pages or 1
        page = page + 1
    end

    log.info("fetched " .. #items .. " items")
    return items
end
"""


def connector_section(name: str, path: str) -> str:
    """Write the section of ctx.toml for a new connector at `path`."""
    variable = re.sub(r"[^A-Za-z0-9]", "_", name).upper()
    # A variable cannot begin with a digit, as a name can.
    variable = f"_{variable}" if variable[0].isdigit() else variable
    return section_text(
        ("connectors", "script", name),
        {
            "path": path,
            "url": "https://api.example.com",
            "api_token": f"${{{variable}_API_TOKEN}}",
        },
    ).strip()


def connector_script(name: str, path: str, section: str, file: str) -> str:
    """Write a new connector: it compiles, and runs as soon as its `section` is in `file`."""
    comment = "\n".join(f"--     {line}" for line in section.splitlines())
    text = _SCRIPT.replace("@SECTION@", comment).replace("@FILE@", file)
    return text.replace("@PATH@", path).replace("@NAME@", name)
