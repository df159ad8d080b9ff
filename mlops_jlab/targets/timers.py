"""Cron lines as other clocks write them: systemd's calendar, and what is to be known of each."""

from __future__ import annotations

from mlops_jlab.errors import ExportError
from mlops_jlab.targets import quoting
from mlops_jlab.targets.form import Form
from mlops_jlab.targets.writing import Place

_DAYS = ("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
_LAST = {"minute": 59, "hour": 23, "day": 31, "month": 12, "weekday": 7}


def calendar(cron: str, zone: str) -> list[str]:
    """The lines of ``OnCalendar=`` that mean a cron line; two where cron has two reasons for a day.

    Raises:
        ExportError: the line says something that systemd cannot.
    """
    minute, hour, day, month, weekday = cron.split()
    time = f"{_field(hour, 'hour')}:{_field(minute, 'minute')}:00 {zone}"
    months = _field(month, "month")
    if day != "*" and weekday != "*":
        return [f"*-{months}-{_field(day, 'day')} {time}", f"{_weekdays(weekday)} *-{months}-* {time}"]
    days = f"{_weekdays(weekday)} " if weekday != "*" else ""
    return [f"{days}*-{months}-{_field(day, 'day')} {time}"]


def _field(text: str, kind: str) -> str:
    parts = []
    for part in text.split(","):
        span, slash, step = part.partition("/")
        first, dash, last = span.partition("-")
        if span == "*":
            least = 0 if kind in ("minute", "hour") else 1
            parts.append(f"{least}/{step}" if slash else "*")
            continue
        low = _number(first, kind, text)
        if not dash and not slash:
            parts.append(f"{low:02d}")
        elif not dash:
            parts.append(f"{low:02d}/{step}")
        else:
            numbers = range(low, _number(last, kind, text) + 1, int(step or 1))
            parts.append(",".join(f"{number:02d}" for number in numbers))
    return ",".join(parts)


def _number(text: str, kind: str, whole: str) -> int:
    if kind == "month" and text.lower()[:3] in _MONTHS:
        return _MONTHS.index(text.lower()[:3]) + 1
    if not text.isdigit() or int(text) > _LAST[kind]:
        raise ExportError(
            f"systemd has no word for {whole!r} in a cron line", hint="write numbers and ranges"
        )
    return int(text)


def _weekdays(text: str) -> str:
    found: list[str] = []
    names = [day.lower() for day in _DAYS]
    for part in text.split(","):
        span, _, step = part.partition("/")
        first, dash, last = ("0", "-", "6") if span == "*" else span.partition("-")
        numbers = [
            names.index(word.lower()[:3]) if word.lower()[:3] in names else _number(word, "weekday", text)
            for word in ((first, last) if dash else (first,))
        ]
        low, high = numbers[0], numbers[-1]
        found += [_DAYS[number] for number in range(low, high + 1, int(step or 1))]
    return ",".join(dict.fromkeys(found))


def timer(head: str, form: Form) -> str:
    """The unit that starts the service when it is due, also after the machine was off."""
    lines = "".join(f"OnCalendar={line}\n" for line in calendar(form.wishes.cron, form.wishes.zone))
    return (
        f"{head}[Unit]\nDescription={form.name} is due\n\n"
        f"[Timer]\n{lines}Persistent=true\n\n[Install]\nWantedBy=timers.target\n"
    )


def service(head: str, form: Form, place: Place) -> str:
    """The unit that runs the pipeline once; systemd does not start it while it runs."""
    limit = sum(task.timeout * (1 + task.retries) for task in form.tasks)
    known = limit and all(task.timeout for task in form.tasks)
    return (
        f"{head}[Unit]\nDescription={form.name}, made from {form.notebook}\n\n"
        "[Service]\nType=oneshot\n"
        f"ExecStart={quoting.systemd(place.python)} {quoting.systemd(str(place.output / 'run.py'))}\n"
        "KillMode=mixed\nTimeoutStopSec=60\n" + (f"TimeoutStartSec={limit + 300:g}\n" if known else "")
    )


def cron_note(form: Form) -> str:
    """What is to be known of a crontab's time zone."""
    return f"cronie reads CRON_TZ; Debian's cron goes by the machine's zone: set that to {form.wishes.zone}"
