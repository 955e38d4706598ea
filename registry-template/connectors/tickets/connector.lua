--[[
  Tickets, each with its comments, from a paged JSON API.

  Config:
    url        address of the service, such as https://tickets.example.org
    api_token  sent as a bearer token
    page_size  tickets a request (default 100)
]]

connector = {
    name = "tickets",
    version = "1.0.0",
    description = "Tickets with their comments, from a paged JSON API",
}

local MOST_TRIES = 5
local LONGEST_WAIT = 60

-- Seconds to wait before the next try: what the server asks for, else a little longer each time.
local function pause(response, try)
    local asked = tonumber(response.headers["retry-after"])
    return math.min(asked or 2 ^ (try - 1), LONGEST_WAIT)
end

local function why(response)
    if response.status == 0 then
        return response.error or "no answer"
    elseif response.status == 401 or response.status == 403 then
        return "the api_token is refused (" .. response.status .. ")"
    end
    return "status " .. response.status
end

local function fetch_page(config, base, page)
    local options = {
        headers = {
            ["Authorization"] = "Bearer " .. config.api_token,
            ["Accept"] = "application/json",
        },
        params = { page = page, per_page = config.page_size or 100 },
    }
    for try = 1, MOST_TRIES do
        local response = http.get(base .. "/api/tickets", options)
        if response.ok then
            if type(response.json) ~= "table" or type(response.json.tickets) ~= "table" then
                error("page " .. page .. " is no list of tickets")
            end
            return response.json
        end
        local busy = response.status == 429 or response.status == 503
        if not busy or try == MOST_TRIES then
            error("page " .. page .. " of " .. base .. ": " .. why(response))
        end
        local seconds = pause(response, try)
        log.debug("page " .. page .. ": asked to wait " .. seconds .. " s")
        sleep(seconds)
    end
end

-- One text to search: the description, then each comment under its author and date.
local function body_of(ticket)
    local parts = { ticket.description or "" }
    for _, comment in ipairs(ticket.comments or {}) do
        local author = comment.author or "unknown"
        local day = string.sub(comment.created_at or "", 1, 10)
        parts[#parts + 1] = "**" .. author .. "** " .. day .. "\n" .. (comment.body or "")
    end
    return table.concat(parts, "\n\n---\n\n")
end

local function item_of(ticket)
    return {
        source_id = ticket.key,
        title = ticket.key .. ": " .. (ticket.title or ""),
        body = body_of(ticket),
        content_type = "text/markdown",
        source_url = ticket.url,
        author = ticket.reporter,
        created_at = ticket.created_at,
        updated_at = ticket.updated_at,
        metadata = {
            status = ticket.status,
            priority = ticket.priority,
            labels = ticket.labels,
            comments = #(ticket.comments or {}),
        },
    }
end

function connector.scan(config)
    local base = string.gsub(config.url, "/+$", "")
    local items = {}
    -- Items handed over at once need not be kept: memory stays flat however many there are.
    local keep = emit or function(item) items[#items + 1] = item end

    local page, pages, count = 1, 1, 0
    while page <= pages do
        local answer = fetch_page(config, base, page)
        for _, ticket in ipairs(answer.tickets) do
            keep(item_of(ticket))
            count = count + 1
        end
        pages = tonumber(answer.pages) or 1
        page = page + 1
    end

    log.info("read " .. count .. " tickets")
    return items
end
