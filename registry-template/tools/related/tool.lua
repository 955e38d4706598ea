--[[ Documents that are about the same thing as a text, without those of one source if asked. ]]

tool = {
    name = "related",
    version = "1.0.0",
    description = "Find documents that are about the same thing as a text",
    parameters = {
        { name = "text", type = "string", required = true, description = "What to look for" },
        { name = "limit", type = "integer", default = 5, description = "How many documents" },
        { name = "without_source", type = "string", description = "A source to leave out" },
    },
}

local LONGEST_QUERY = 20

-- A whole page makes a poor query; its longer words say what it is about.
local function words_of(text)
    local words, seen = {}, {}
    for word in string.gmatch(string.lower(text), "[%w_-]+") do
        if #word > 3 and not seen[word] and #words < LONGEST_QUERY then
            seen[word] = true
            words[#words + 1] = word
        end
    end
    return #words > 0 and table.concat(words, " ") or text
end

function tool.execute(params, context)
    local limit = params.limit or 5
    local found = context.search(words_of(params.text), { limit = limit * 2 })
    local documents = {}
    for _, hit in ipairs(found) do
        if hit.source ~= params.without_source and #documents < limit then
            documents[#documents + 1] = {
                id = hit.id,
                title = hit.title or hit.source_id,
                source = hit.source,
                link = hit.source_url,
                excerpt = hit.snippet,
            }
        end
    end
    return { documents = documents }
end
