"""``mlops-jlab data``: what data look like, and registered data with their versions."""

from __future__ import annotations

from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from mlops_jlab.cli.answers import FORMAT, answer, as_json


@click.group()
def data() -> None:
    """Data: what they look like, and registered data with their versions.

    DATA is NAME@ALIAS, NAME/NUMBER, or NAME for its newest version.
    """


@data.command()
@click.argument("path", type=click.Path(path_type=Path), metavar="FILE|FOLDER")
@FORMAT
@click.option("-o", "--output", type=click.Path(path_type=Path), default=None,
              help="Write the profile to this file, to compare with later.")  # fmt: skip
def profile(path: Path, style: str, output: Path | None) -> None:
    """The profile of a file of rows: kinds, missing values, ranges, distributions, categories."""
    from mlops_jlab.cli.tables import visible
    from mlops_jlab.datasets import fluent
    from mlops_jlab.files import write_whole
    from mlops_jlab.profiles import written

    found = fluent.profile(path)
    if output is not None:
        write_whole(output, written.as_json(found).encode())
    if style == "json":
        click.echo(as_json(written.plain(found)))
    else:
        click.echo("\n".join(visible(line) for line in repr(found).splitlines()))


@data.command()
@click.argument("name")
@click.argument("source", required=False, default="", metavar="[PATH|PATTERN]")
@click.option("--query", default="", metavar="SQL", help="The rows of a query, through --connect.")
@click.option("--connect", "address", default="", metavar="MODULE:ARGUMENT",
              help="A library of DB-API and what it connects to, such as sqlite3:flights.db; $NAME is a "
              "variable of the environment.")  # fmt: skip
@click.option("--owner", default="", help="Who looks after the data.")
@click.option("--note", default="", help="What people should know of them.")
@click.option("--no-profile", is_flag=True, help="Read the files for their digest alone.")
@FORMAT
def add(
    name: str, source: str, query: str, address: str, owner: str, note: str, no_profile: bool, style: str
) -> None:
    """Keep what lies at a path, a pattern (in quotes) or in a query as the next version of NAME."""
    from mlops_jlab.datasets import queries, versions
    from mlops_jlab.errors import InputError

    if bool(source) == bool(query) or bool(query) != bool(address):
        raise InputError(
            "name a path or a query",
            hint="data add NAME PATH, or data add NAME --query SQL --connect MODULE:ARGUMENT",
        )
    about: dict[str, Any] = {"owner": owner, "note": note, "profiled": not no_profile}
    if query:
        with closing(queries.connect(address)) as connection:
            added = versions.add_query(name, query, connection, address=address, **about)
    else:
        added = versions.add(name, source, **about)
    word = "added" if added.is_new else "nothing new: it is"
    answer(
        style, {"new": added.is_new, **asdict(added.version), "source": added.version.source},
        f"{word} {name}/{added.version.version}  {_size(added.version)}  {added.version.digest[:12]}",
    )  # fmt: skip


def _size(version: Any) -> str:
    parts = []
    if "files" in version.about:
        parts.append(f"{version.about['files']:,} files, {version.about['size'] / 1e6:,.1f} MB")
    if "rows" in version.about:
        parts.append(f"{version.about['rows']:,} rows")
    return ", ".join(parts)


@data.command("list")
@click.argument("name", required=False, default="", metavar="[NAME]")
@FORMAT
def list_data(name: str, style: str) -> None:
    """The registered datasets; with NAME all versions of one."""
    from mlops_jlab.cli import tables
    from mlops_jlab.datasets import versions
    from mlops_jlab.store import location

    found = versions.all_versions(location.find(), name)
    if style == "json":
        click.echo(as_json([{**asdict(version), "source": version.source} for version in found]))
        return
    if not found:
        click.echo("no data yet; add some: mlops-jlab data add NAME PATH")
        return
    newest = {version.dataset: version for version in reversed(found)}
    shown = found if name else [v for v in found if v.aliases or newest[v.dataset] is v]
    head = ["dataset", "version", "aliases", "added", "by", "size", "source"]
    table = [
        [v.dataset, str(v.version), ", ".join(v.aliases), tables.moment(v.created), v.user, _size(v),
         f"{v.source[:60]}"]
        for v in shown
    ]  # fmt: skip
    click.echo(tables.rows(head, table))


@data.command()
@click.argument("address", metavar="DATA")
@FORMAT
def show(address: str, style: str) -> None:
    """All that is known of a version: source, schema, profile, who has read it, which models came of it."""
    from mlops_jlab.cli import telling_data
    from mlops_jlab.datasets import versions
    from mlops_jlab.store import datasets, location, opening

    place = location.find()
    version = versions.find(place, address)
    with opening.reading(place) as connection:
        readers = datasets.readers(connection, version)
    profile = versions.profile_of(place, version)
    if style == "json":
        click.echo(as_json(telling_data.plain(version, readers, profile)))
    else:
        click.echo(telling_data.as_text(version, readers, profile))


@data.command()
@click.argument("one", metavar="DATA")
@click.argument("other", metavar="DATA")
@FORMAT
def diff(one: str, other: str, style: str) -> None:
    """How two versions differ: files, rows, columns, and how the columns moved."""
    from mlops_jlab.cli import telling_data
    from mlops_jlab.datasets import versions
    from mlops_jlab.store import location

    place = location.find()
    found = versions.diff(place, versions.find(place, one), versions.find(place, other))
    if style == "json":
        click.echo(as_json(asdict(found)))
    else:
        click.echo(telling_data.difference(found))


@data.command()
@click.argument("address", metavar="DATA")
@FORMAT
def verify(address: str, style: str) -> int:
    """Read all files of a version again; exit code 1 if one is not as it was."""
    from mlops_jlab.datasets import versions
    from mlops_jlab.store import location

    place = location.find()
    version = versions.find(place, address)
    found = versions.verify(place, version)
    changed = bool(found)
    if changed:
        click.echo(f"{version.source} is not what {version.title} was: {found}", err=True)
    answer(
        style,
        {"dataset": version.dataset, "version": version.version, "source": version.source,
         "changed": changed, "how": str(found) if changed else ""},
        "" if changed else f"{version.title} is as it was: {_size(version)}",
    )  # fmt: skip
    return int(changed)


@data.command()
@click.argument("address", metavar="DATA")
@click.argument("alias")
@click.option("--reason", default="", metavar="TEXT", help="Why; it stands in the audit log.")
@FORMAT
def promote(address: str, alias: str, reason: str, style: str) -> None:
    """Let ALIAS, such as validated, point at a version."""
    from mlops_jlab.datasets import versions
    from mlops_jlab.store import location

    version, before = versions.promote(location.find(), address, alias, reason=reason)
    answer(
        style,
        {"dataset": version.dataset, "alias": alias, "before": before or 0, "after": version.version},
        f"{version.dataset}@{alias}: version {before or 'none'} → {version.version}",
    )  # fmt: skip


@data.command()
@click.argument("reference", metavar="REFERENCE")
@click.argument("current", metavar="CURRENT")
@click.option("--alpha", type=click.FloatRange(0, 1, min_open=True, max_open=True), default=0.05,
              show_default=True, help="The chance of any alarm where nothing has drifted.")  # fmt: skip
@click.option("--effect", type=click.FloatRange(0), default=None, metavar="X",
              help="How far a column has to move, in sd or Cohen's w; default 0.1.")  # fmt: skip
@click.option("--distance", default="", metavar="NAME",
              help="Show this distance of each column too: psi, ks, wasserstein, jensen-shannon, "
              "chi-square, w.")  # fmt: skip
@click.option("--history", multiple=True, metavar="WINDOW",
              help="A window of the past without drift; five of them calibrate the tests.")  # fmt: skip
@FORMAT
def drift(
    reference: str, current: str, alpha: float, effect: float | None, distance: str,
    history: tuple[str, ...], style: str,
) -> int:  # fmt: skip
    """Whether CURRENT has drifted from REFERENCE; exit code 1 if it has.

    Each is a file or folder of rows, registered data (NAME@ALIAS), or a profile.json.
    """
    from mlops_jlab.cli import telling_data
    from mlops_jlab.datasets import comparing

    one, other = comparing.profile_at(reference), comparing.profile_at(current)
    found = comparing.compare(one, other, alpha=alpha, effect=effect, history=history)
    distances = telling_data.distances(distance, one, other) if distance else {}
    if style == "json":
        click.echo(as_json({**asdict(found), "distances": distances}))
    else:
        click.echo(telling_data.drift(found, distance, distances))
    return int(found.found)
