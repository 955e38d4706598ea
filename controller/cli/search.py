"""`ctx search` and `ctx get`: what the store knows, for a person or a program."""

import json
from dataclasses import asdict

import click

from controller.cli.loading import load, reading
from controller.cli.options import Invocation, output_option
from controller.cli.output import OutputFormat, document_of, write_json, write_line
from controller.errors import ConfigError, DocumentNotFoundError, UsageError
from controller.instants import format_instant
from controller.model.document import Document
from controller.search.query import parse_query
from controller.store.base import Hit

_MODES_WITH_VECTORS = ("semantic", "hybrid")


def _check_mode(_context: click.Context, _option: click.Parameter, mode: str) -> str:
    if mode in _MODES_WITH_VECTORS:
        raise ConfigError(
            f"search mode '{mode}' needs embeddings, which are disabled",
            hint="leave --mode out; this release searches by keyword",
        )
    if mode != "keyword":
        raise UsageError(f"Unknown search mode: '{mode}'", hint="write --mode keyword")
    return mode


@click.command()
@click.argument("query", nargs=-1, required=True)
@click.option("--source", metavar="SOURCE", help="Only script:NAME and below, or a bare type.")
@click.option("--since", metavar="DATE", help="Only documents updated since then (UTC).")
@click.option("--limit", type=int, metavar="N", help="At most N documents.")
@click.option(
    "--mode",
    default="keyword",
    metavar="MODE",
    expose_value=False,
    callback=_check_mode,
    help="Only `keyword` in this release.",
)
@output_option
@click.pass_obj
def search(
    invocation: Invocation,
    query: tuple[str, ...],
    source: str | None,
    since: str | None,
    limit: int | None,
    fmt: OutputFormat,
) -> None:
    """Find documents by keywords, best first."""
    settings = load(invocation).settings
    request = parse_query(
        " ".join(query),
        source=source,
        since=since,
        limit=settings.retrieval.final_limit if limit is None else limit,
    )
    with reading(settings) as store:
        hits = store.search(request)
    if fmt is OutputFormat.JSON:
        write_json({"results": [document_of(asdict(hit)) for hit in hits]})
        return
    if not hits:
        write_line("No results.")
    for rank, hit in enumerate(hits, start=1):
        _write_hit(rank, hit)


@click.command()
@click.argument("document_id", metavar="ID")
@output_option
@click.pass_obj
def get(invocation: Invocation, document_id: str, fmt: OutputFormat) -> None:
    """Print one document.  ID is what a search prints, or SOURCE/SOURCE_ID."""
    with reading(load(invocation).settings) as store:
        try:
            document = store.get(document_id)
        except DocumentNotFoundError as error:
            # In the words that scripts around the command look for.
            raise DocumentNotFoundError(
                f"document not found: {document_id}", hint=error.hint
            ) from error
    if fmt is OutputFormat.JSON:
        write_json(_as_json(document))
    else:
        _write_document(document)


def _write_hit(rank: int, hit: Hit) -> None:
    write_line(f"{rank}. [{hit.score:.2f}] {hit.source} / {_one_line(hit.title or hit.source_id)}")
    write_line(f"    updated: {format_instant(hit.updated_at)}")
    write_line(f"    source: {hit.source}")
    if hit.source_url:
        write_line(f"    url: {_one_line(hit.source_url)}")
    write_line(f'    excerpt: "{_one_line(hit.snippet)}"')
    write_line(f"    id: {hit.id}")
    write_line()


def _write_document(document: Document) -> None:
    write_line("--- Document ---")
    for name, value in (
        ("id", document.id),
        ("title", document.title),
        ("source", document.source),
        ("source_id", document.source_id),
        ("source_url", document.source_url),
        ("author", document.author),
        ("created_at", format_instant(document.created_at)),
        ("updated_at", format_instant(document.updated_at)),
        ("content_type", document.content_type),
        ("metadata", "" if document.metadata == "{}" else document.metadata),
    ):
        if value:
            write_line(f"{name + ':':14}{_one_line(value)}")
    write_line()
    write_line("--- Body ---")
    write_line(document.body)
    write_line()
    write_line(f"--- Chunks ({len(document.chunks)}) ---")
    for index, text in enumerate(document.chunks):
        write_line(f"[{index}] {_one_line(text[:120])}{'…' if len(text) > 120 else ''}")


def _as_json(document: Document) -> dict[str, object]:
    fields = asdict(document)
    fields["metadata"] = json.loads(document.metadata)
    fields["chunks"] = [
        {"index": index, "text": text} for index, text in enumerate(document.chunks)
    ]
    return {**document_of(fields), "body": document.body}


def _one_line(text: str) -> str:
    return " ".join(text.split())
