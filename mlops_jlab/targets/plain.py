"""A folder that any scheduler can start: run.py, a crontab, systemd units, a Dockerfile, a Makefile."""

from __future__ import annotations

from mlops_jlab.entities.graphs import Graph
from mlops_jlab.pipeline import requirements
from mlops_jlab.targets import image, quoting, standalone, timers
from mlops_jlab.targets.form import Feature, Form, Wishes
from mlops_jlab.targets.fusing import whole
from mlops_jlab.targets.writing import Place, Target, header

_RUN = '''\
#!/usr/bin/env python3
{head}"""Runs {name} headless, with the options of mlops-jlab run. Exit code 0: done, 1: failed, 2: input."""

import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
COMMAND = [
    sys.executable, "-m", "mlops_jlab", "run", str(HERE / {export}),
    "--parameters-file", str(HERE / "parameters.yaml"), "--cwd", str(HERE / {project}), *sys.argv[1:],
]
os.execv(sys.executable, COMMAND)
'''
_MAKEFILE = """\
{head}PYTHON ?= python3
IMAGE ?= {image}

.PHONY: run image crontab timer

run: ## run the pipeline here
\t$(PYTHON) run.py

image: ## build the image
\tdocker build -t $(IMAGE) -f Dockerfile {context}

crontab: ## add the line to this user's crontab
\t(crontab -l 2>/dev/null; cat crontab) | crontab -

timer: ## let systemd run it for this user
\tinstall -D -m 644 {name}.service {name}.timer -t $(HOME)/.config/systemd/user
\tsystemctl --user daemon-reload
\tsystemctl --user enable --now {name}.timer
"""


def files(form: Form, place: Place) -> dict[str, str]:
    """The files of the folder, by name."""
    head = header(form, TARGET)
    project = repr(image.context(place))
    notebook = f"{form.name}.ipynb"
    found = {"parameters.yaml": head + quoting.as_yaml(dict(form.wishes.values))}
    if form.wishes.standalone:
        found["run.py"] = "#!/usr/bin/env python3\n" + standalone.RUN.format(
            head=head, name=form.name, project=project, file=repr(notebook), kernel=repr(form.kernel),
            known=quoting.python({one.name: list(one.kinds) for one in form.open_parameters}),
            required=quoting.python([one.name for one in form.open_parameters if one.required]),
        )  # fmt: skip
    else:
        found["run.py"] = run_file(head, form, place)
    needs = image.requirements_of(place)
    if form.wishes.standalone:
        needs = f"{place.inside}/requirements.txt".lstrip("/.").lstrip("/")
    found["Dockerfile"] = image.dockerfile(head, form, place, needs)
    found["Makefile"] = _MAKEFILE.format(
        head=head, name=form.name, image=form.wishes.image or f"{form.name}:latest",
        context=quoting.make(image.context(place)),
    )  # fmt: skip
    command = f"{quoting.shell(place.python)} {quoting.shell(str(place.output / 'run.py'))}"
    if form.wishes.cron:
        log = quoting.shell(str(place.output / "run.log"))
        line = quoting.crontab(f"{command} >> {log} 2>&1")
        found["crontab"] = (
            f"{head}# {timers.cron_note(form)}\nCRON_TZ={form.wishes.zone}\n{form.wishes.cron} {line}\n"
        )
        found[f"{form.name}.timer"] = timers.timer(head, form)
    found[f"{form.name}.service"] = timers.service(head, form, place)
    return found


def run_file(head: str, form: Form, place: Place) -> str:
    """The script that runs the whole pipeline."""
    project = repr(image.context(place))
    return _RUN.format(head=head, name=form.name, export=repr(place.export), project=project)


def _prepared(graph: Graph, wishes: Wishes) -> Graph:
    return whole(graph) if wishes.standalone else graph


def _beside(graph: Graph, wishes: Wishes) -> dict[str, str]:
    """What a folder that needs nothing of ours has beside: the notebook and its requirements."""
    if not wishes.standalone:
        return {}
    modules = requirements.imported_modules(graph.notebook)
    pins = requirements.pinned(modules, graph.notebook.path.parent)
    pins = [pin for pin in pins if not pin.startswith("mlops-jlab")]
    return {f"{graph.name}.ipynb": standalone.notebook(graph), "requirements.txt": "\n".join(pins) + "\n"}


def _then(_form: Form, place: Place) -> str:
    return f"{place.python} {place.output / 'run.py'}"


TARGET = Target(
    "plain",
    "plain folder",
    "run in the tests; its image is not built there",
    files,
    _then,
    {
        Feature.SECRETS: "they come from the environment of whoever starts run.py",
        Feature.PROMOTION: "run.py runs the pipeline alone; mlops-jlab schedule promotes as well",
        Feature.STORE: "the run lies in a folder; add --artifacts URL to run.py's options",
    },
    prepare=_prepared,
    beside=_beside,
    standalone=True,
)
