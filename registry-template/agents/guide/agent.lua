--[[ Answers questions from what was synced, and says where it read the answer. ]]

agent = {
    name = "guide",
    description = "Answers questions from the handbook and the tickets",
    tools = { "search", "get", "related" },
    arguments = {
        { name = "question", description = "What somebody wants to know", required = true },
        { name = "audience", description = "Who asks, such as: a new colleague" },
    },
}

local RULES = [[
Answer from the documents you are given or find with the tools, and from nothing else.
Give the link of every document that you rely on.
When the documents do not answer the question, say so, and name the document that comes closest.
When a page and a ticket disagree, say what each states and which is newer.]]

function agent.resolve(args, config, context)
    local lines = { RULES }
    if args.audience then
        lines[#lines + 1] = "Write for " .. args.audience .. "."
    end
    local found = args.question and context.search(args.question, { limit = 5 }) or {}
    if #found > 0 then
        lines[#lines + 1] = "These documents may help:"
    end
    for _, hit in ipairs(found) do
        lines[#lines + 1] = "- " .. (hit.title or hit.source_id) .. " (id " .. hit.id .. ")"
    end
    return { system = table.concat(lines, "\n"), tools = agent.tools }
end
