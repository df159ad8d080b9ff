"""A table of prices of one's own, from ``settings.json`` in the store, and what energy is taken for."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from mlops_jlab.errors import InputError, nearest
from mlops_jlab.store.location import Place
from mlops_jlab.tracking.provenance import collecting

FILE = "settings.json"
_MEND = "mend it, or move it away"
_CCF = "(Cloud Carbon Footprint, methodology)"
SOURCES = {
    "cpu_watts": f"a virtual processor at full load: 3.5 W, AWS's average {_CCF}",
    "gb_watts": f"a gigabyte of memory: 0.392 W {_CCF}",
    "gpu_watts": f"a card at full load: 300 W, about an NVIDIA V100 {_CCF}",
    "pue": f"with what a data centre needs beside its machines: 1.135 times, AWS {_CCF}",
    "kg_per_kwh": "CO2 of a kilowatt-hour: 0.48 kg, the world's average of 2023 (Ember, Electricity Review)",
}


@dataclass(frozen=True)
class Energy:
    """Watts of what is used, the factor ``pue`` for what is around it, and kg of CO2 of a kilowatt-hour.

    The defaults and where they are from: :data:`SOURCES`.
    """

    cpu_watts: float = 3.5
    gb_watts: float = 0.392
    gpu_watts: float = 300.0
    pue: float = 1.135
    kg_per_kwh: float = 0.48


@dataclass(frozen=True)
class Prices:
    """Money for an hour: of the machine (``hour``), a processor, a gigabyte of memory, a graphics card.

    ``spot`` is the share of all prices that is paid on a machine that may be taken away. Without ``energy``
    none is estimated.
    """

    currency: str = ""
    hour: float = 0.0
    cpu_hour: float = 0.0
    gb_hour: float = 0.0
    gpu_hour: float = 0.0
    spot: float = 1.0
    energy: Energy | None = None

    def __bool__(self) -> bool:
        return any((self.hour, self.cpu_hour, self.gb_hour, self.gpu_hour))


def read(place: Place) -> Prices:
    """The prices that count for a store; none where nobody has said any.

    Under ``prices`` in ``settings.json``; the machine's hour also as ``MLOPS_JLAB_PRICE_PER_HOUR`` says it.

    Raises:
        InputError: the file cannot be read, or an entry is none.
    """
    hour, currency = collecting.price(place)
    table = _table(place)
    known = {field.name for field in fields(Prices)}
    for key in table:
        if key not in known:
            raise _wrong(place, f"prices have no {key!r}{nearest(key, known)}", f"known: {', '.join(known)}")
    numbers = {
        key: _number(place, f"prices.{key}", table[key], 1.0 if key == "spot" else math.inf)
        for key in ("hour", "cpu_hour", "gb_hour", "gpu_hour", "spot")
        if key in table
    }
    given = table.get("currency", currency)
    if not isinstance(given, str):
        raise _wrong(place, "prices.currency is not text", 'such as "EUR"')
    return Prices(**{"hour": hour, **numbers}, currency=given, energy=_energy(place, table.get("energy")))


def _table(place: Place) -> Mapping[str, Any]:
    path = place.root / FILE
    try:
        settings = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except json.JSONDecodeError as error:
        raise _wrong(
            place, f"line {error.lineno} is not valid JSON: {error.msg}", "mend it, or move it away"
        ) from error
    except (OSError, UnicodeError) as error:
        raise _wrong(place, f"it cannot be read: {error}", _MEND) from error
    table = settings.get("prices", {}) if isinstance(settings, dict) else None
    if not isinstance(table, dict):
        raise _wrong(place, "prices are a table", '{"prices": {"cpu_hour": 0.04, "currency": "EUR"}}')
    return table


def _energy(place: Place, given: Any) -> Energy | None:
    if given is None or given is False:
        return None
    if given is True:
        return Energy()
    known = [field.name for field in fields(Energy)]
    if not isinstance(given, dict) or not set(given) <= set(known):
        raise _wrong(place, "prices.energy is true, false or a table", f"with {', '.join(known)}")
    return Energy(**{key: _number(place, f"prices.energy.{key}", value) for key, value in given.items()})


def _number(place: Place, what: str, value: Any, most: float = math.inf) -> float:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not is_number or not 0 <= value <= most or not math.isfinite(value):
        limit = f" to {most:g}" if math.isfinite(most) else ""
        raise _wrong(place, f"{what} is {value!r}", f"a number from 0{limit}")
    return float(value)


def _wrong(place: Place, why: str, hint: str) -> InputError:
    return InputError(f"{place.root / FILE}: {why}", hint=hint)
