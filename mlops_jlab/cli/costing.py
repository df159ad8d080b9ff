"""``mlops-jlab cost``: what runs have used, and what that costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from mlops_jlab.cli.answers import FORMAT, as_json

if TYPE_CHECKING:
    from mlops_jlab.costs.prices import Prices
    from mlops_jlab.costs.reckoning import Cost, Line, RunCost

_BY = click.Choice(["pipeline", "step", "user", "month", "run"])


@click.command()
@click.argument("wanted", required=False, default="", metavar="[RUN]")
@click.option("--by", type=_BY, default="pipeline", show_default=True, help="What to gather by.")
@click.option("--month", default="", metavar="YYYY-MM", help="Of this month alone, in UTC.")
@click.option("--pipeline", default="", metavar="NAME", help="Of this pipeline alone.")
@click.option("--user", default="", metavar="NAME", help="Of this user alone.")
@FORMAT
def cost(wanted: str, by: str, month: str, pipeline: str, user: str, style: str) -> None:
    """What runs have used of processors, memory and graphics cards, the money, and what the cache saved.

    With RUN, of this run and its steps. Prices are yours: see the page Cost.
    """
    from mlops_jlab.costs import prices, reckoning
    from mlops_jlab.store import location, opening, reading

    place = location.find()
    table = prices.read(place)
    if wanted:
        with opening.reading(place) as connection:
            run = reading.find(connection, wanted)
        _of_run(run.name, reckoning.of_run(place, table, run), table, style)
        return
    _check_month(month)
    found = reckoning.lines(place, table, by, month=month, pipeline=pipeline, user=user)
    if style == "json":
        click.echo(as_json({
            "by": by, "currency": table.currency, "lines": found, "energy": table.energy or None,
        }))  # fmt: skip
    elif not found:
        click.echo("no runs that have used anything" + (" there" if month or pipeline or user else " yet"))
    else:
        click.echo(_table(by, found, table))
        click.echo(_remarks(table))


def _check_month(text: str) -> None:
    from datetime import datetime

    from mlops_jlab.errors import InputError

    try:
        if text and f"{datetime.strptime(text, '%Y-%m'):%Y-%m}" != text:
            raise ValueError
    except ValueError as error:
        raise InputError(f"{text!r} is not a month", hint="such as 2026-11") from error


def _of_run(name: str, found: RunCost, prices: Prices, style: str) -> None:
    from mlops_jlab.costs.reckoning import Line

    if style == "json":
        click.echo(as_json({"currency": prices.currency, **asdict(found)}))
        return
    whole = Line(f"{name} in all", found.total, found.saved)
    click.echo(_table("step", [*found.steps, whole], prices))
    click.echo(_remarks(prices))


def _table(by: str, found: Sequence[Line], prices: Prices) -> str:
    from mlops_jlab.cli.tables import rows

    head = [by, "runs", "time", "processor", "memory", "GPU hours"]
    head += [f"money {prices.currency}".strip()] + (["kWh", "kg CO2"] if prices.energy else [])
    head += ["saved by the cache"]
    return rows(head, [_cells(line, prices) for line in found])


def _cells(line: Line, prices: Prices) -> list[str]:
    from mlops_jlab.tracking.charts import seconds

    spent = line.spent
    cells = [
        line.name, str(spent.runs), seconds(spent.wall_hours * 3600), seconds(spent.cpu_hours * 3600),
        f"{spent.peak_memory / 1e6:,.0f} MB" if spent.peak_memory else "",
        f"{spent.gpu_hours:.3g}" if spent.gpu_hours else "", money(spent.money),
    ]  # fmt: skip
    cells += [f"{spent.kwh:.3g}", f"{spent.co2_kg:.3g}"] if prices.energy else []
    return [*cells, _saved(line.saved)]


def _saved(saved: Cost) -> str:
    from mlops_jlab.tracking.charts import seconds

    if not saved.runs:
        return ""
    worth = f", {money(saved.money)}" if saved.money else ""
    return f"{seconds(saved.cpu_hours * 3600)} of {saved.runs} steps{worth}"


def money(amount: float) -> str:
    """An amount of money, with enough digits to tell small ones from nothing."""
    if not amount:
        return ""
    return f"{amount:,.2f}" if amount >= 0.1 else f"{amount:.3g}"


def _remarks(prices: Prices) -> str:
    from mlops_jlab.costs.prices import SOURCES, Energy

    lines = []
    if not prices:
        lines.append('no prices: put {"prices": {"cpu_hour": 0.04, "currency": "EUR"}} into settings.json')
    if prices.energy is not None:
        own = Energy()
        taken = [text for key, text in SOURCES.items() if getattr(prices.energy, key) == getattr(own, key)]
        lines += ["energy is estimated with", *(f"  {text}" for text in taken)]
    return "\n".join(lines) or "at the prices of today"
