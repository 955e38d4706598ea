"""The first hour with the product: from an empty directory to an answer."""

import json
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.fakes.http_source import Connection, HttpSource, Seen, page
from tests.fakes.jira import issue, jira
from tests.flows.place import Place

ITEMS = [
    {
        "id": f"n{number}",
        "title": title,
        "text": text,
        "author": "Ada",
        "updated_at": "2026-02-20T12:00:00Z",
        "status": "open",
    }
    for number, (title, text) in enumerate(
        [
            ("Feeding the otters", "Twice a day, and never on Sundays."),
            ("Cleaning the pond", "The otters watch. Use the long net."),
            ("Opening hours", "From nine to five."),
        ]
    )
]


def two_pages(connection: Connection, asked: Seen) -> None:
    """Answer as a JSON API of the kind that a new connector asks."""
    number = int(parse_qs(urlsplit(asked.target).query)["page"][0])
    items = ITEMS[:2] if number == 1 else ITEMS[2:]
    page(json.dumps({"items": items, "pages": 2}).encode())(connection, asked)


@pytest.fixture
def api() -> Iterator[HttpSource]:
    with HttpSource() as source:
        source.on("/api/items", two_pages)
        yield source


def test_the_first_hour_goes_from_nothing_to_an_answer(place: Place, api: HttpSource) -> None:
    # A workspace and a connector to start from.
    begun = place.ctx("init")
    made = place.ctx("connector", "init", "zoo")

    assert (begun.code, made.code) == (0, 0)
    assert "Created .ctx/config.toml" in begun.out
    created, section = made.out.split("\n\nAdd to .ctx/config.toml:\n\n")
    assert created == "Created connectors/zoo.lua"

    # The section goes where it says, with the address of a real API.
    settings = place.directory / ".ctx/config.toml"
    settings.write_text(
        f"{settings.read_text()}\n{section.replace('https://api.example.com', api.url)}"
    )
    early = place.ctx("connector", "test", "connectors/zoo.lua", "--source", "zoo")

    assert early.code == 1
    assert "api_token uses ${ZOO_API_TOKEN}, and ZOO_API_TOKEN is not set" in early.err
    assert str(settings) in early.err

    # The token is set, and a server on this machine allowed.
    place.variables["ZOO_API_TOKEN"] = "s3cret"
    tried = place.ctx(
        *("connector", "test", "connectors/zoo.lua", "--source", "zoo", "--allow-loopback")
    )

    assert tried.code == 0, tried.err
    assert tried.out == (
        "Testing connector: zoo (connectors/zoo.lua)\n"
        "  ✓ Script loaded\n"
        "  ✓ connector.scan defined\n"
        "  ✓ Calling scan()...\n"
        "  ✓ Returned 3 items\n"
        "  ✓ All items valid\n"
        "\n"
        "Items (first 3):\n"
        "  [0] n0: Feeding the otters (2026-02-20)\n"
        "  [1] n1: Cleaning the pond (2026-02-20)\n"
        "  [2] n2: Opening hours (2026-02-20)\n"
    )
    assert api.seen[-1].header("authorization") == "Bearer s3cret"
    assert place.ctx("stats", "--output", "json").json()["documents"] == 0

    # An edit of the script is seen at the next try.
    script = place.directory / "connectors/zoo.lua"
    script.write_text(
        script.read_text().replace("title = entry.title", "title = entry.heading.text")
    )
    broken = place.ctx("sync", "script:zoo", "--allow-loopback")
    script.write_text(script.read_text().replace("entry.heading.text", "entry.title:upper()"))
    synced = place.ctx("sync", "script:zoo", "--allow-loopback")

    assert broken.code == 1
    assert "attempt to index a nil value (field 'heading')" in broken.err
    assert synced.code == 0, synced.err
    assert "  of these new: 3\n" in synced.out

    # And the answer.
    _answers(place, api.url)


def _answers(place: Place, url: str) -> None:
    found = place.ctx("search", "otters")
    best, second = found.out.split("\n\n")[:2]
    assert best.startswith("1. [1.00] script:zoo / ")
    assert second.startswith("2. [")
    assert "FEEDING THE OTTERS" in found.out
    assert f"    url: {url}/items/n0\n" in found.out
    whole = place.ctx("get", best.rpartition("    id: ")[2].strip())
    assert whole.code == 0
    assert "otters" in whole.out.lower()
    named = place.ctx("get", "script:zoo/n2", "--output", "json").json()
    assert named["body"] == "From nine to five."
    assert named["metadata"] == {"status": "open"}
    assert place.ctx("sources").out.splitlines()[1].split() == ["script:zoo", "OK", "yes"]
    counted = place.ctx("stats").out
    assert "Documents: 3\n" in counted
    assert counted.splitlines()[-1].split()[:5] == ["script:zoo", "3", "3", "0", "Succeeded"]


def test_a_ctx_toml_that_a_workspace_hides_is_told(place: Place) -> None:
    place.ctx("init")
    place.connector("zoo", "connector = {}\nfunction connector.scan() return {} end\n")

    told = place.ctx("sync", "script:zoo")

    assert told.code == 2
    hidden, inner = place.directory / "ctx.toml", place.directory / ".ctx/config.toml"
    assert told.err.splitlines() == [
        f"Warning: {hidden} is not read: {inner} comes first",
        "Error: there is no section [connectors.script.zoo]",
        f"Hint: configured in {inner}: none",
    ]


def test_a_connector_is_tried_as_the_specification_shows(place: Place) -> None:
    issues = [issue(number) for number in range(1, 48)]
    script = place.connector("jira", "")
    script.unlink()
    place.write(
        "connectors/jira.lua",
        """
connector = { name = "jira" }
function connector.scan(config)
  local items = {}
  local resp = http.get(config.url .. "/search", { headers = {
    Authorization = "Basic " .. base64.encode("u:p") } })
  for _, issue in ipairs(resp.json.issues) do
    items[#items + 1] = { source_id = issue.key, title = issue.fields.summary,
      body = issue.fields.description, updated_at = issue.fields.updated }
  end
  return items
end
""",
    )
    with HttpSource() as source:
        source.on("/search", jira(issues, login="u:p"))
        place.write(
            "ctx.toml",
            f'[connectors.script.jira]\npath = "connectors/jira.lua"\nurl = "{source.url}"\n',
        )

        told = place.ctx(
            *("connector", "test", "connectors/jira.lua", "--source", "jira"),
            *("--config", "ctx.toml", "--allow-loopback"),
        )

    assert told.code == 0, told.err
    assert told.out == (
        "Testing connector: jira (connectors/jira.lua)\n"
        "  ✓ Script loaded\n"
        "  ✓ connector.scan defined\n"
        "  ✓ Calling scan()...\n"
        "  ✓ Returned 47 items\n"
        "  ✓ All items valid\n"
        "\n"
        "Items (first 3):\n"
        "  [0] ENG-1: Ticket 1: the café ☕ is closed (2026-02-02)\n"
        "  [1] ENG-2: Ticket 2: the café ☕ is closed (2026-02-03)\n"
        "  [2] ENG-3: Ticket 3: the café ☕ is closed (2026-02-04)\n"
    )
    assert not place.database.exists()


def test_a_connector_with_bad_items_is_tried_item_by_item(place: Place) -> None:
    place.write(
        "a.lua",
        "connector = {}\nfunction connector.scan()\n"
        "  return { { source_id = 'a', body = 'x' }, { body = 'y' }, 7 }\nend\n",
    )

    told = place.ctx("connector", "test", "a.lua")

    assert told.code == 3
    assert "  ✗ 1 of 3 items valid\n" in told.out
    assert "      item at index 2: missing required field 'source_id'\n" in told.out
    assert "      item at index 3: the item is no table\n" in told.out


def test_a_new_registry_is_clean(place: Place) -> None:
    made = place.ctx("registry", "init", "--new", "ours")

    linted = place.ctx("registry", "lint", "ours")

    assert made.code == 0
    assert linted.code == 0
    assert linted.out == "4 extensions: 0 errors, 0 warnings\n"


def test_every_mistake_of_a_registry_is_listed_with_its_place(place: Place) -> None:
    place.write(
        "ours/registry.toml",
        '[registry]\nname = "ours"\ndescripton = "x"\n'
        '[connectors.gone]\npath = "connectors/gone/connector.lua"\n'
        '[connectors.bad]\npath = "connectors/bad/connector.lua"\n'
        '[connectors.out]\npath = "../out.lua"\n'
        "[tools.none]\n",
    )
    place.write("ours/connectors/bad/connector.lua", "connector = {\n  scan = = 1\n}\n")

    told = place.ctx("registry", "lint", "ours")
    document = place.ctx("registry", "lint", "ours", "--output", "json")

    assert (told.code, document.code) == (1, 1)
    assert told.out.splitlines() == [
        "connectors/bad/connector.lua:2: unexpected symbol near '='",
        "registry.toml:3: warning: unknown key 'descripton' in [registry], did you mean 'description'?",
        "registry.toml:5: connectors.gone: there is no file 'connectors/gone/connector.lua'",
        "registry.toml:9: connectors.out.path: '../out.lua' leads out of the registry",
        "registry.toml:10: [tools.none] has no key 'path'",
        "4 extensions: 4 errors, 1 warning",
    ]
    assert document.json()["publishable"] is False
    assert [each["line"] for each in document.json()["problems"]] == [2, 3, 5, 9, 10]
