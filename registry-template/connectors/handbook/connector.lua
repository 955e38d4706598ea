--[[
  Markdown pages below `pages/`, the directory beside this script.

  Config:
    base_url  where the pages are published; gives each document its link (optional)
]]

connector = {
    name = "handbook",
    version = "1.0.0",
    description = "Markdown pages that lie beside the script",
}

local ROOT = "pages"

-- The first heading, or the name of the file in words.
local function title_of(text, name)
    local heading = string.match("\n" .. text, "\n#+[ \t]+([^\r\n]+)")
    if heading then
        return (string.gsub(heading, "[ \t#]+$", ""))
    end
    return (string.gsub(string.gsub(name, "%.md$", ""), "[-_]+", " "))
end

local function collect(directory, paths)
    for _, entry in ipairs(fs.list(directory)) do
        if entry.is_dir then
            collect(entry.path, paths)
        elseif string.match(entry.name, "%.md$") then
            paths[#paths + 1] = entry
        end
    end
    return paths
end

function connector.scan(config)
    local items = {}
    local keep = emit or function(item) items[#items + 1] = item end
    local base = config.base_url and string.gsub(config.base_url, "/+$", "")

    local pages = collect(ROOT, {})
    for _, page in ipairs(pages) do
        local text = fs.read(page.path)
        local id = string.sub(page.path, #ROOT + 2)
        -- No times: a fresh checkout gives every file a new one, and nothing has changed.
        keep({
            source_id = id,
            title = title_of(text, page.name),
            body = text,
            content_type = "text/markdown",
            source_url = base and (base .. "/" .. (string.gsub(id, "%.md$", ""))) or nil,
        })
    end

    log.info("read " .. #pages .. " pages")
    return items
end
