"""A chain of sbatch jobs, each after those whose values it takes."""

from __future__ import annotations

from mlops_jlab.targets import commands, quoting
from mlops_jlab.targets.form import Feature, Form, Task
from mlops_jlab.targets.writing import Place, Target, header

_SUBMIT = """\
#!/usr/bin/env bash
{head}# Submits the steps of {name}; a step that fails cancels those that wait for it. Use: ./submit.sh [RUN]
set -euo pipefail
HERE=$(cd -- "$(dirname -- "${{BASH_SOURCE[0]}}")" && pwd)
export HERE
export MLOPS_JLAB_RUN_NAME=${{1:-$(date -u +%Y%m%dT%H%M%SZ)-$$}}
export MLOPS_JLAB_RUN_STORE=${{MLOPS_JLAB_RUN_STORE:-{store}}}
export MLOPS_JLAB_PYTHON=${{MLOPS_JLAB_PYTHON:-{python}}}
mkdir -p "$HERE/logs"

declare -A job
submit() {{ # STEP OPTIONS...
  local step=$1
  shift
  job[$step]=$(sbatch --parsable --kill-on-invalid-dep=yes --job-name={name}-"$step" \\
    --output="$HERE/logs/%x-%j.out" "$@" "$HERE/step.sh" "$step")
  job[$step]=${{job[$step]%%;*}} # without the name of the cluster
  echo "$step: job ${{job[$step]}}"
}}

{lines}
echo "run $MLOPS_JLAB_RUN_NAME: squeue --me; then: mlops-jlab runs import $MLOPS_JLAB_RUN_STORE"
"""
_STEP = """\
#!/usr/bin/env bash
{head}# One step, which sbatch starts; a step that is done already is not executed again.
set -euo pipefail
exec "$MLOPS_JLAB_PYTHON" -m mlops_jlab step "$HERE/pipeline" "$1" --parameters-file "$HERE/parameters.yaml"
"""


def files(form: Form, place: Place) -> dict[str, str]:
    """The two scripts and the parameters."""
    head = header(form, TARGET)
    lines = [_line(task) for task in form.tasks]
    return {
        "parameters.yaml": head + quoting.as_yaml(dict(form.wishes.values)),
        "submit.sh": _SUBMIT.format(
            head=head, name=form.name, lines="\n".join(lines), python=_inside(place.python),
            store=_inside(form.wishes.store) or "$HERE/store",
        ),
        "step.sh": _STEP.format(head=head),
        **({"scrontab": _scrontab(form, place, head)} if form.wishes.cron else {}),
    }  # fmt: skip


def _inside(text: str) -> str:
    """A text within ``${NAME:-...}``, where quotes would stay."""
    return "".join(f"\\{char}" if char in "\\$`\"'}{ ;&|<>()*?[]~#!" else char for char in text)


def _line(task: Task) -> str:
    words = ["submit", task.name]
    if task.after:
        words.append("--dependency=afterok:" + ":".join(f'"${{job[{name}]}}"' for name in task.after))
    if seconds := commands.limit(task, once=False):
        words.append(f"--time={-(-seconds // 60)}")
    if size := commands.megabytes(task):
        words.append(f"--mem={size}M")
    if task.cpus:
        words.append(f"--cpus-per-task={task.cpus}")
    return " ".join(words)


def _scrontab(form: Form, place: Place, head: str) -> str:
    return f"{head}# scrontab scrontab; its clock is that of the controller\n{form.wishes.cron} " + (
        quoting.crontab(quoting.shell(str(place.output / "submit.sh"))) + "\n"
    )


def _then(_form: Form, place: Place) -> str:
    return f"{place.output / 'submit.sh'}"


TARGET = Target(
    "slurm",
    "Slurm",
    "run on Slurm 22.05 by make engines",
    files,
    _then,
    {
        Feature.TIME_ZONE: "scrontab goes by the clock of the controller",
        Feature.FOR_EACH: "its parts are processes of one job, not an array",
        Feature.IMAGE: "jobs run in the project's own environment",
        Feature.SECRETS: "they come from the environment in which submit.sh is called",
    },
)
