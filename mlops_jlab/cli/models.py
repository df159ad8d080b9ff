"""``mlops-jlab models``: list, show, compare, promote, roll back, export, card; ``mlops-jlab audit``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from mlops_jlab.cli import serving
from mlops_jlab.cli.answers import FORMAT, answer, as_json
from mlops_jlab.entities.models import CHAMPION
from mlops_jlab.errors import InputError

_MODEL = click.argument("address", metavar="MODEL")
_REASON = click.option("--reason", default="", metavar="TEXT", help="Why; it stands in the audit log.")


@click.group()
def models() -> None:
    """Registered models: versions, aliases, promotion, rollback.

    MODEL is NAME@ALIAS, NAME/NUMBER, or NAME for its newest version.
    """


for _command in (
    serving.predict,
    serving.serve,
    serving.services,
    serving.dashboard,
    serving.labels,
    serving.pack,
):
    models.add_command(_command)


@models.command("list")
@click.argument("name", required=False, default="", metavar="[NAME]")
@FORMAT
def list_models(name: str, style: str) -> None:
    """The registered models; with NAME all versions of one."""
    from mlops_jlab.cli.tables import version_table
    from mlops_jlab.registry import versions
    from mlops_jlab.store import location

    found = versions.all_versions(location.find(), name)
    if style == "json":
        click.echo(as_json([plain(version) for version in found]))
    elif not found:
        click.echo("no models yet; register one: mlops_jlab.register_model(model, NAME)")
    else:
        newest: dict[str, Any] = {}
        for version in found:
            newest.setdefault(version.model, version)
        shown = found if name else [v for v in found if v.aliases or newest[v.model] is v]
        click.echo(version_table(shown))


def plain(version: Any) -> dict[str, Any]:
    """A version as JSON data."""
    return {**asdict(version), "verdict": version.verdict, "size": version.size}


@models.command()
@_MODEL
@FORMAT
def show(address: str, style: str) -> None:
    """All that is known of a version."""
    from mlops_jlab.registry import packing, versions
    from mlops_jlab.store import location

    place = location.find()
    version = versions.find(place, address)
    if style == "json":
        click.echo(as_json(plain(version)))
        return
    from rich.console import Console
    from rich.markdown import Markdown

    console = Console(width=min(110, Console().width))
    console.print(Markdown(packing.card_of(place, version)))


@models.command()
@click.argument("wanted", nargs=-1, required=True, metavar="MODEL...")
@FORMAT
def compare(wanted: tuple[str, ...], style: str) -> None:
    """Versions side by side: metrics, parameters, data, files."""
    from mlops_jlab.cli.tables import visible
    from mlops_jlab.registry import comparing, versions
    from mlops_jlab.store import location

    place = location.find()
    found = [versions.find(place, address) for address in wanted]
    lines = comparing.compare(place, found)
    if style == "json":
        click.echo(as_json([asdict(line) for line in lines]))
    else:
        click.echo(visible(comparing.as_text(found, lines)))


@models.command()
@_MODEL
@click.argument("alias", default=CHAMPION)
@_REASON
@click.option(
    "--override",
    is_flag=False,
    flag_value="",
    default=None,
    metavar="[REASON]",
    help="Even though no gate of it passes; REASON may be --reason's as well.",
)
@click.option("--expect", type=click.IntRange(0), default=None, metavar="N",
              help="Only if the alias points at version N now (0: at none).")  # fmt: skip
@FORMAT
def promote(
    address: str, alias: str, reason: str, override: str | None, expect: int | None, style: str
) -> None:
    """Let ALIAS point at a version; champion if none is named."""
    from mlops_jlab.registry import versions
    from mlops_jlab.store import location

    moved = versions.promote(
        location.find(),
        address,
        alias,
        reason=override or reason,
        expected=expect,
        override=override is not None,
    )
    back = f"\n  back: mlops-jlab models rollback {moved.model} {moved.alias}" if moved.before else ""
    told = f"{moved.model}@{moved.alias}: version {moved.before or 'none'} → {moved.after}{back}"
    answer(style, moved, told)


@models.command()
@_MODEL
@click.argument("alias", default=CHAMPION)
@_REASON
@FORMAT
def approve(address: str, alias: str, reason: str, style: str) -> None:
    """Approve of a version for ALIAS, where the policy asks that somebody does."""
    from mlops_jlab.registry import versions
    from mlops_jlab.store import location

    version = versions.approve(location.find(), address, alias, reason=reason)
    told = {"model": version.model, "version": version.version, "alias": alias}
    answer(style, told, f"you approve of {version.title} as {alias}")


@models.command()
@_MODEL
@click.option("--intended-use", default=None, metavar="TEXT", help="What it is for.")
@click.option("--limits", default=None, metavar="TEXT", help="What it is not for, and where it fails.")
@FORMAT
def describe(address: str, intended_use: str | None, limits: str | None, style: str) -> None:
    """Say what a version is for and what not, for its card; what was said before stays in the audit log."""
    from mlops_jlab.registry import versions
    from mlops_jlab.store import location

    given = {"intended_use": intended_use, "limits": limits}
    words = {name: text for name, text in given.items() if text is not None}
    if not words:
        raise InputError("nothing is said", hint="give --intended-use TEXT, --limits TEXT or both")
    found = versions.describe(location.find(), address, words)
    told = {"model": found.model, "version": found.version}
    told |= {name: str(found.about.get(name) or "") for name in given}
    card = f"mlops-jlab models card {found.model}/{found.version}"
    answer(style, told, f"{found.title} is described\n  card: {card}")


@models.command()
@click.argument("name")
@click.argument("alias", default=CHAMPION)
@click.option(
    "--to", type=click.IntRange(1), default=None, metavar="N", help="To this version, not the one before."
)
@_REASON
@FORMAT
def rollback(name: str, alias: str, to: int | None, reason: str, style: str) -> None:
    """Let ALIAS point at the version that it pointed at before."""
    from mlops_jlab.registry import versions
    from mlops_jlab.store import location

    moved = versions.roll_back(location.find(), name, alias, to=to or 0, reason=reason)
    answer(style, moved, f"{moved.model}@{moved.alias}: version {moved.before} → {moved.after}")


@models.command()
@_MODEL
@_REASON
@click.confirmation_option(prompt="Delete this version for good?")
@FORMAT
def delete(address: str, reason: str, style: str) -> None:
    """Remove a version that no alias points at."""
    from mlops_jlab.registry import versions
    from mlops_jlab.store import location

    version = versions.delete(location.find(), address, reason=reason)
    told = {"model": version.model, "version": version.version}
    answer(style, told, f"deleted {version.title}; mlops-jlab runs gc frees its files")


@models.command("export")
@_MODEL
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), default=None, help="The file or folder to write."
)
@click.option("--as", "form", type=click.Choice(["archive", "mlflow", "onnx"]), default="archive",
              show_default=True, help="What to write.")  # fmt: skip
@click.option("--rows", type=click.Path(path_type=Path), default=None, metavar="FILE.csv",
              help="For ONNX: rows for which both must predict the same.")  # fmt: skip
@click.option("--trust", is_flag=True, help="Load a pickle that another machine wrote.")
@FORMAT
def export_model(
    address: str, output: Path | None, form: str, rows: Path | None, trust: bool, style: str
) -> None:
    """Write a version as an archive that loads without us, as an MLflow model, or as ONNX."""
    from mlops_jlab.cli.exporting_models import write

    path, then = write(address, output, form, rows, trust=trust)
    answer(style, {"path": path}, f"{path}\n  {then}")


@models.command()
@_MODEL
@click.option("--data", "source", required=True, type=click.Path(path_type=Path), metavar="FILE",
              help="Rows that it was not fitted on (.csv, .parquet, ...).")  # fmt: skip
@click.option("--target", required=True, metavar="COLUMN", help="The column with the truth.")
@click.option("--group", "groups", multiple=True, metavar="COLUMN[,COLUMN]",
              help="Fairness by this column, or by several that are crossed.")  # fmt: skip
@click.option("--unit", default="", metavar="COLUMN", help="Rows that share its value hang together.")
@click.option("--positive", default=None, metavar="CLASS", help="The positive one of two classes.")
@click.option("--trust", is_flag=True, help="Load a pickle that another machine wrote.")
@FORMAT
def evaluate(
    address: str, source: Path, target: str, groups: tuple[str, ...], unit: str, positive: str | None,
    trust: bool, style: str,
) -> None:  # fmt: skip
    """Fairness by group, importance, calibration and slices of a version on some rows; kept with it."""
    from mlops_jlab.cli.evaluating import show

    show(address, source, target, groups, unit, positive, trust=trust, style=style)


@models.command()
@_MODEL
@click.option("-o", "--output", type=click.Path(path_type=Path), default=None, help="The archive to write.")
@FORMAT
def evidence(address: str, output: Path | None, style: str) -> None:
    """Pack what an independent validator needs; the archive is verified without the store."""
    from mlops_jlab.registry import evidence as archives
    from mlops_jlab.registry import versions
    from mlops_jlab.store import location

    place = location.find()
    version = versions.find(place, address)
    path = archives.pack(place, version, output or Path(f"{version.model}-{version.version}-evidence.zip"))
    answer(style, {"path": path}, str(path))


@models.command()
@_MODEL
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), default=None, help="Write here: .md or .html."
)
def card(address: str, output: Path | None) -> None:
    """The model card, as Markdown or HTML."""
    from mlops_jlab.registry import cards, packing, versions
    from mlops_jlab.store import location

    place = location.find()
    version = versions.find(place, address)
    text = packing.card_of(place, version)
    if output is None:
        click.echo(text, nl=False)
        return
    if output.suffix == ".html":
        text = cards.page(text, version.title)
    try:
        output.write_text(text, "utf-8")
    except OSError as error:
        from mlops_jlab.errors import unwritten

        raise unwritten(output, error, InputError) from error
    click.echo(output)


@click.group()
def audit() -> None:
    """Who changed what, when and why."""


@audit.command("list")
@click.option(
    "-n", "--limit", type=click.IntRange(1), default=20, show_default=True, help="The most entries."
)
@FORMAT
def list_entries(limit: int, style: str) -> None:
    """The newest entries."""
    from mlops_jlab.cli.tables import rows
    from mlops_jlab.store import auditing, location, opening

    with opening.reading(location.find()) as connection:
        found = auditing.entries(connection, limit)
    if style == "json":
        click.echo(as_json([asdict(entry) for entry in found]))
        return
    table = [
        (str(e.seq), f"{datetime.fromisoformat(e.at).astimezone():%Y-%m-%d %H:%M:%S}", e.who, e.action,
         e.subject, _change(e.details), e.reason)
        for e in found
    ]  # fmt: skip
    click.echo(rows(("entry", "at", "who", "what", "of", "from and to", "why"), table))


def _change(details: Mapping[str, Any]) -> str:
    return f"{details['from'] or 'none'} → {details['to']}" if "to" in details else ""


@audit.command()
@click.option(
    "--anchor", default="", metavar="DIGEST", help="A head that was noted before; its beginning will do."
)
@FORMAT
def verify(anchor: str, style: str) -> int:
    """Prove that no entry was changed, removed or put in, and nothing beside them. Exit code 1 if so."""
    from mlops_jlab.registry import anchoring
    from mlops_jlab.store import auditing, location, opening, replaying

    place = location.find()
    with opening.reading(place) as connection:
        wrong = auditing.problem(connection, anchor)
        number, digest = auditing.head(connection)
        found = [wrong] if wrong else []
        heads = {row[0]: row[-1] for row in auditing.chain(connection)}
        found += [*replaying.problems(connection), *replaying.contents(connection, place)]
        found += anchoring.problems(place, heads)
    for problem in found:
        click.echo(f"{click.style('✗', fg='red')} {problem}", err=True)
    whole = (
        f"{click.style('✓', fg='green')} {number} entries, whole and in order; aliases, versions and "
        f"schedules are as they say\n  head: {digest}"
    )
    answer(style, {"entries": number, "head": digest, "problems": found}, "" if found else whole)
    return int(bool(found))
