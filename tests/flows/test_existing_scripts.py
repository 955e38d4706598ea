"""
Scripts and settings written for the two published dialects, run as they are.

Both connectors make the calls of their dialect: the short one `http.get` with
headers alone, `json.decode`, `metadata` as a table; the long one `params`,
`resp.ok`, `resp.json`, `json.encode`, `metadata_json`, paging and `sleep`.
"""

from collections.abc import Iterator

import pytest

from tests.fakes.http_source import HttpSource, failing
from tests.fakes.jira import issue, jira
from tests.flows.place import Place

SHORT = """
connector = {
    name = "jira",
    version = "0.1.0",
    description = "Issues of one project",
}

function connector.scan(config)
    local found = {}
    local answer = http.get(config.url .. "/rest/api/3/search", {
        headers = {
            ["Authorization"] = "Basic " .. base64.encode("user:" .. config.api_token),
        },
    })
    local page = json.decode(answer.body)

    for _, issue in ipairs(page.issues) do
        table.insert(found, {
            source_id  = issue.key,
            title      = issue.fields.summary,
            body       = issue.fields.description or "",
            author     = issue.fields.reporter.displayName,
            created_at = issue.fields.created,
            updated_at = issue.fields.updated,
            source_url = config.url .. "/browse/" .. issue.key,
            metadata   = { status = issue.fields.status.name },
        })
    end

    return found
end
"""

LONG = """
connector = {
    name = "jira",
    version = "1.0",
    description = "Issues with their comments",
}

function connector.scan(config)
    local found = {}
    local first = 0
    local size = 50

    while true do
        log.info("Asking for issues from " .. first)

        local resp = http.get(config.url .. "/rest/api/2/search", {
            headers = {
                ["Authorization"] = "Basic " .. base64.encode(
                    config.email .. ":" .. config.api_token
                ),
                ["Accept"] = "application/json",
            },
            params = {
                jql = "project = " .. config.project_key
                    .. " ORDER BY updated DESC",
                startAt = tostring(first),
                maxResults = tostring(size),
                fields = "summary,description,comment,updated,creator,status",
            },
        })

        if not resp.ok then
            log.error("The tracker says: " .. resp.status .. " " .. resp.body)
            break
        end

        local page = resp.json
        if not page or not page.issues then break end

        for _, issue in ipairs(page.issues) do
            local text = issue.fields.description or ""

            if issue.fields.comment and issue.fields.comment.comments then
                for _, comment in ipairs(issue.fields.comment.comments) do
                    text = text .. "\\n\\n---\\n\\n"
                    text = text .. "**" .. (comment.author.displayName or "Unknown")
                    text = text .. "** (" .. comment.created .. "):\\n"
                    text = text .. (comment.body or "")
                end
            end

            table.insert(found, {
                source_id = issue.key,
                title = issue.key .. ": " .. (issue.fields.summary or ""),
                body = text,
                content_type = "text/plain",
                source_url = config.url .. "/browse/" .. issue.key,
                author = issue.fields.creator
                    and issue.fields.creator.displayName or nil,
                updated_at = issue.fields.updated,
                metadata_json = json.encode({
                    status = issue.fields.status
                        and issue.fields.status.name or nil,
                    project = config.project_key,
                }),
            })
        end

        first = first + size
        if first >= page.total then break end

        sleep(0.01)
    end

    log.info("Read " .. #found .. " issues of " .. config.project_key)
    return found
end
"""

SHORT_SECTION = """\
[connectors.script.jira]
path = "connectors/jira.lua"
timeout = 30
url = "URL"
project = "ENG"
api_token = "${JIRA_API_TOKEN}"
"""
LONG_SECTION = """\
[connectors.script.jira]
path = "connectors/jira.lua"
url = "URL"
email = "ada@example.org"
api_token = "${JIRA_API_TOKEN}"
project_key = "ENG"
"""
SECOND_SECTION = """
[connectors.script.confluence]
path = "connectors/confluence.lua"
space_key = "ENG"
"""
PAGES = """
connector = { name = "confluence" }
function connector.scan(config)
    return { { source_id = "p1", title = config.space_key, body = "axolotl", updated_at = 1708531200 } }
end
"""


@pytest.fixture
def source() -> Iterator[HttpSource]:
    with HttpSource() as running:
        yield running


@pytest.fixture
def short(place: Place, source: HttpSource) -> Place:
    issues = [issue(1), issue(2, described=False), issue(3)]
    source.on("/rest/api/3/search", jira(issues, login="user:t0ken"))
    return _workspace(place, SHORT, SHORT_SECTION.replace("URL", source.url))


@pytest.fixture
def long(place: Place, source: HttpSource) -> Place:
    issues = [issue(number, comments=number % 3) for number in range(1, 121)]
    source.on("/rest/api/2/search", jira(issues, login="ada@example.org:t0ken"))
    return _workspace(place, LONG, LONG_SECTION.replace("URL", source.url))


def _workspace(place: Place, script: str, section: str) -> Place:
    place.write("connectors/jira.lua", script)
    place.write("ctx.toml", section)
    place.variables["JIRA_API_TOKEN"] = "t0ken"
    return place


def test_a_script_of_the_short_dialect_runs_as_it_is(short: Place, source: HttpSource) -> None:
    told = short.ctx("sync", "script:jira", "--allow-loopback")

    assert told.code == 0, told.err
    # An issue without a description has no body, and one without a body is skipped.
    assert told.err.splitlines() == [
        "[script:jira] WARN: Skipping item at index 2: 'body' is empty"
    ]
    stored = short.ctx("get", "script:jira/ENG-1", "--output", "json").json()
    assert stored["title"] == "Ticket 1: the café ☕ is closed"
    assert stored["body"] == "Steps to reproduce marmot 1"
    assert stored["author"] == "Sam O'Neil"
    assert stored["created_at"] == "2026-01-02T09:30:00Z"
    assert stored["updated_at"] == "2026-02-02T13:30:00Z"
    assert stored["source_url"] == f"{source.url}/browse/ENG-1"
    assert stored["content_type"] == "text/plain"
    assert stored["metadata"] == {"status": "In Progress"}
    assert sorted(short.found("marmot")) == ["ENG-1", "ENG-3"]


def test_a_script_of_the_long_dialect_runs_as_it_is(long: Place, source: HttpSource) -> None:
    told = long.ctx("sync", "script", "--source", "jira", "--allow-loopback")

    assert told.code == 0, told.err
    assert told.err.splitlines() == [
        "[script:jira] INFO: Asking for issues from 0",
        "[script:jira] INFO: Asking for issues from 50",
        "[script:jira] INFO: Asking for issues from 100",
        "[script:jira] INFO: Read 120 issues of ENG",
    ]
    asked = source.seen[-1]
    assert "jql=project%20%3D%20ENG%20ORDER%20BY%20updated%20DESC" in asked.target.replace(
        "+", "%20"
    )
    assert asked.header("accept") == "application/json"
    assert long.stored() == {"script:jira": 120}
    stored = long.ctx("get", "script:jira/ENG-2", "--output", "json").json()
    assert stored["title"] == "ENG-2: Ticket 2: the café ☕ is closed"
    assert stored["body"] == (
        "Steps to reproduce marmot 2"
        "\n\n---\n\n**Reviewer 0** (2026-02-03T15:00:00.000+0100):\nComment 0 on 2: quokka"
        "\n\n---\n\n**Reviewer 1** (2026-02-03T15:01:00.000+0100):\nComment 1 on 2: quokka"
    )
    assert stored["author"] is None
    assert stored["metadata"] == {"project": "ENG", "status": "Done"}


def test_a_tracker_that_fails_on_the_second_page_keeps_the_first_and_says_so(
    long: Place, source: HttpSource
) -> None:
    issues = [issue(number) for number in range(1, 121)]
    first = jira(issues, login="ada@example.org:t0ken")
    source.on("/rest/api/2/search", first, failing(500))

    told = long.ctx("sync", "script:jira", "--allow-loopback")

    # The script breaks off and returns what it has: the host saw the failure and tells it.
    assert told.code == 3
    assert '[script:jira] ERROR: The tracker says: 500 {"error":"no"}' in told.err
    assert "1 request failed and was not made good" in told.err
    assert "answered 500" in told.err
    assert long.stored() == {"script:jira": 50}


def test_a_wrong_token_is_told_as_such_and_never_shown(long: Place) -> None:
    long.variables["JIRA_API_TOKEN"] = "expired-t0ken"

    told = long.ctx("sync", "script:jira", "--allow-loopback")

    assert told.code == 1
    assert "Error: the source rejects the credentials" in told.err
    assert "expired-t0ken" not in told.out + told.err


def test_an_unset_token_names_itself(short: Place) -> None:
    del short.variables["JIRA_API_TOKEN"]

    told = short.ctx("sync", "script:jira")

    assert told.code == 1
    assert "api_token uses ${JIRA_API_TOKEN}, and JIRA_API_TOKEN is not set" in told.err


@pytest.mark.parametrize(
    "line",
    [
        "sync script:jira --config CONFIG",
        "--config CONFIG sync script:jira",
        "sync --config CONFIG script:jira",
        "sync script --source jira --config CONFIG",
        "--config CONFIG sync script --source jira",
        "sync script --config CONFIG",
    ],
)
def test_every_published_command_line_syncs_from_anywhere(
    short: Place, source: HttpSource, line: str
) -> None:
    config = short.write("config/ctx.toml", (short.directory / "ctx.toml").read_text())
    arguments = line.replace("CONFIG", str(config)).split()

    told = short.ctx(*arguments, "--allow-loopback", cwd=short.home)

    assert told.code == 0, told.err
    assert told.out.splitlines()[0] == "sync script:jira"
    assert short.stored() == {"script:jira": 2}
    assert len(source.seen) == 1


def test_without_a_name_every_section_is_synced_in_turn(short: Place) -> None:
    short.write("connectors/confluence.lua", PAGES)
    short.write("ctx.toml", (short.directory / "ctx.toml").read_text() + SECOND_SECTION)

    told = short.ctx("sync", "script", "--allow-loopback")

    assert told.code == 0, told.err
    heads = [line for line in told.out.splitlines() if line.startswith("sync ")]
    assert heads == ["sync script:jira", "sync script:confluence"]
    assert short.stored() == {"script:confluence": 1, "script:jira": 2}
    page = short.ctx("get", "script:confluence/p1", "--output", "json").json()
    assert page["updated_at"] == "2024-02-21T16:00:00Z"


def test_a_dry_run_says_what_would_be_stored_and_stores_nothing(short: Place) -> None:
    told = short.ctx("sync", "script", "--source", "jira", "--dry-run", "--allow-loopback")

    assert told.code == 0
    assert told.out.splitlines()[:3] == [
        "sync script:jira (dry-run)",
        "  fetched: 3 items",
        "  would add: 2",
    ]
    assert not short.database.exists()


def test_a_search_by_source_finds_what_a_script_stored(long: Place) -> None:
    long.ctx("sync", "script:jira", "--allow-loopback")

    told = long.ctx("search", "quokka comment", "--source", "script:jira", "--limit", "2")

    assert told.code == 0
    assert told.out.count("] script:jira / ENG-") == 2
    assert "url: http://127.0.0.1" in told.out


def test_a_second_sync_writes_nothing_new(long: Place) -> None:
    long.ctx("sync", "script:jira", "--allow-loopback")

    told = long.ctx("sync", "script:jira", "--allow-loopback")

    assert "  upserted documents: 0\n" in told.out
    assert "  unchanged: 120\n" in told.out
