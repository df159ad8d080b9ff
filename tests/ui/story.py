"""A folder that people could have worked in: runs, a sweep, a pipeline's run, a model, its schedule, its data, its drift.

The pictures of the docs are taken of it (``tests/ui/pictures.py``). Nothing in it is random from one time to the next.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.conftest import notebook_json

ROOT = Path(__file__).parent.parent.parent
CHURN = """
import math
import mlops_jlab as m
import numpy as np
draw = np.random.default_rng(7)
m.set_experiment('summaries')
for name, lr in (('warm-up', 0.0004), ('no warm-up', 0.001)):
    with m.start_run(run_name=name):
        m.log_params({'lr': lr, 'warmup': 500 if name == 'warm-up' else 0})
        noise = draw.normal(0, 0.12, 4000)
        for step in range(4000):
            m.log_metric('train_loss', 2.1 + 4 * math.exp(-step * lr * 2) + noise[step], step=step)
            if step % 100 == 0:
                m.log_metric('val_loss', 2.25 + 4 * math.exp(-step * lr * 2) + noise[step] / 4, step=step)
m.set_experiment('churn')
grid = [(lr, hidden, dropout) for lr in (0.0003, 0.001, 0.003, 0.01, 0.03) for hidden in (32, 64, 128, 256)
        for dropout in (0.0, 0.1, 0.2)][::2]
for seed, (lr, hidden, dropout) in enumerate(grid):
    with m.start_run(run_name=f'lr {lr} · hidden {hidden}', tags={'team': 'growth' if seed % 3 else 'core'}):
        m.log_params({'lr': lr, 'hidden': hidden, 'dropout': dropout, 'batch_size': 64 if seed % 4 else 128,
                      'optimizer': 'adamw' if seed % 3 else 'sgd', 'seed': seed, 'epochs': 80})
        floor = 0.33 + 0.02 * abs(math.log10(lr / 0.004)) + 4 / (hidden + 60) + 0.1 * abs(dropout - 0.1)
        for epoch in range(80):
            speed = 12 * math.sqrt(0.004 / lr)
            train = floor - 0.05 + 0.32 * math.exp(-epoch / speed) + draw.normal(0, 0.006)
            val = floor + 0.3 * math.exp(-epoch / speed) + epoch * 0.0002 * (0.2 - dropout) + draw.normal(0, 0.006)
            m.log_metrics({'train/loss': train, 'val/loss': val, 'val/auc': 1.02 - val / 2 + draw.normal(0, 0.002)},
                          step=epoch)
        m.log_text('month,left\\n2026-09,312\\n2026-10,287\\n', 'tables/left.csv')
m.flush()
"""
FLIGHTS = """
import time
import mlops_jlab as m
import numpy as np
import pandas as pd
from pathlib import Path
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from mlops_jlab import gate
from mlops_jlab.monitoring import watching
from mlops_jlab.monitoring.labels import Labels
from mlops_jlab.monitoring.policy import Policy
from mlops_jlab.profiles import profile, written
from mlops_jlab.store.location import Place
DAY = 86400
takes = ['visib', 'wind_speed', 'hour', 'temp', 'pressure', 'distance']
def flights(seed, n=900, storm=0.0, autumn=0.0):
    random = np.random.default_rng(seed)
    visib = np.clip(10 - random.exponential(1.2 + 2.5 * storm, n), 0, 10).round(1)
    frame = pd.DataFrame(dict(
        visib=visib, wind_speed=random.gamma(2 + storm, 4, n).round(),
        hour=np.clip(random.integers(5, 24, n) + round(6 * autumn), 5, 23),
        temp=random.normal(15 - 9 * autumn, 6, n).round(1), pressure=random.normal(1013, 6, n).round(),
        distance=random.choice([200, 500, 733, 1400, 2475], n).astype(float),
        carrier=random.choice(['UA', 'B6', 'EV', 'DL', 'AA'], n, p=[.3, .25, .2, .15, .1])))
    frame.loc[random.random(n) < 0.02 + 0.1 * storm, 'pressure'] = np.nan
    late = (10 - visib) / 3 + frame.hour / 12 + random.normal(0, 1 + 4 * storm, n) > 2.3
    return frame.assign(late=late.astype(int))
train, test = flights(0, 6000).fillna(1013), flights(1, 4000).fillna(1013)
Path('flights').mkdir()
flights(2, 1500).to_csv('flights/2026-07.csv', index=False)
m.add_dataset('flights', 'flights', owner='operations', note='From the airport, every month.')
rules = 'roc_auc better\\nlog_loss not worse by 0.01\\nslice hour in 3 bins\\ncalibration below 0.2\\nbeats baseline'
m.set_experiment('flights')
for columns in (takes[:1], takes[2:3], takes[:3], takes):
    with m.start_run(run_name='fit ' + ' '.join(columns[:3])):
        m.dataset('flights')
        m.log_params({'columns': len(columns), 'C': 1.0})
        m.log_text(written.as_json(profile.of_frame(train)), 'profiles/train.json')
        model = LogisticRegression(max_iter=2000).fit(train[columns], train.late)
        made = m.register_model(model, 'flights', input_example=train[columns], data=train,
                                intended_use='Says on the evening before whether a flight will be late.')
        verdict = gate.compare(model, test, 'late', name='flights', rules=rules, bootstrap=True)
        m.log_metric('log_loss', log_loss(test.late, model.predict_proba(test[columns])))
    m.flush()
    if verdict.passed:
        m.promote(f'flights/{made.version}', reason='schedule nightly')
m.evaluate('flights/4', test, 'late', groups=['carrier'])
flights(3, 1600, storm=0.8).to_csv('flights/2026-08.csv', index=False)
m.add_dataset('flights', 'flights')
Path('incoming').mkdir()
storms, weeks = {8: 0.7, 9: 1.0, 10: 0.8}, 18
for week in range(weeks):
    frame = flights(100 + week, storm=storms.get(week, 0), autumn=max(0, week - 12) / 6).fillna(1013)
    frame.to_csv(f'incoming/{week:02}.csv', index=False)
    watching.look(Place(Path('.mlops').resolve()), 'flights', 'incoming/*.csv', Policy(cooldown=10 * DAY),
                  now=time.time() - (weeks - week) * 7 * DAY + 3600, labels=Labels('late'))
m.flush()
"""
SWEEP = """
import math, random
from pathlib import Path
from mlops_jlab.tracking import lifecycle
draw = random.Random(1)
source = Path('flights.ipynb').resolve()
whole = lifecycle.start(name='flights-sweep', experiment='flights', kind='sweep', source=source, activate=False)
ranges = {'learning_rate': {'low': 0.01, 'high': 0.3, 'whole': False, 'log': True},
          'max_leaf_nodes': {'low': 7, 'high': 127, 'whole': True, 'log': False},
          'min_samples_leaf': {'low': 5, 'high': 200, 'whole': True, 'log': False}}
asked = {'search': 'bayes', 'metric': 'log_loss', 'minimize': True, 'prune': True, 'trials': 40, 'seed': 0,
         'space': ranges, 'pruned': {}}
for number in range(40):
    rate, leaves, leaf = 10 ** draw.uniform(-2, -0.5), draw.randint(7, 127), draw.randint(5, 200)
    trial = lifecycle.start(name=f'flights-{number:04}', experiment='flights', kind='pipeline', source=source,
                            activate=False, parent=whole.id)
    trial.log_params({'learning_rate': round(rate, 4), 'max_leaf_nodes': leaves, 'min_samples_leaf': leaf})
    step = lifecycle.start(name='boost', experiment='flights', kind='step', activate=False, parent=trial.id)
    step.log_metric('log_loss', 0.385 + 0.02 * math.log10(rate / 0.05) ** 2 + leaves / 40000)
    step.end()
    if number in (9, 16, 21):
        asked['pruned'][trial.id] = 'pruned at iteration 3'
    trial.end('killed' if number in (9, 16, 21) else 'failed' if number == 22 else 'finished')
whole.add_facts({'sweep': asked})
whole.end()
print(whole.id)
"""
NIGHTLY = """
import time
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from mlops_jlab.entities.schedules import Story
from mlops_jlab.store import opening, scheduling
from mlops_jlab.store.location import Place
ends = {
    'promoted': [('gates', 'pass', 'all 5 rules hold'), ('promote', 'done', 'flights@champion: version 2 -> 3')],
    'kept': [('gates', 'fail', 'hour 17 to 23 may be worse'), ('promote', 'no', 'flights@champion stays: fail')],
    'few': [('gates', 'not enough data', '118 new flights, 500 are needed')],
    'failed': [('run', 'failed', 'load: FileNotFoundError: flights/2026-11.csv')],
    'missed': [('due', 'skipped', 'due at 03:00, 4 h late: missed times are not caught up')],
}
order = ['promoted', *['kept'] * 6, 'failed', 'kept', 'few', 'few', *['kept'] * 5, 'missed', 'kept', 'promoted', 'kept']
today = datetime.now(timezone.utc).replace(hour=2, minute=0, second=0, microsecond=0)
with opening.writing(Place(Path('.mlops').resolve())) as connection:
    schedule = scheduling.find(connection, 'nightly')
    for day, how in enumerate(order):
        due = (today - timedelta(days=len(order) - day)).isoformat()
        status = {'failed': 'failed', 'missed': 'skipped'}.get(how, 'finished')
        scheduling.claim(connection, schedule, due, 'time')
        firing = scheduling.get(connection, schedule.id, due)
        steps = tuple(Story(step, outcome, why, time.time()) for step, outcome, why in ends[how])
        scheduling.save(connection, replace(firing, status=status, ended=firing.started + 13, steps=steps))
"""
CELLS = [("parameters", "month: str = '2026-11'  # which month's flights\ndepth: int = 3"),
         ("step:load", "rows = [depth, 2, 3]"), ("step:fit", "fitted = sum(rows)"),
         ("-", ""), ("-", ""), ("-", "")]  # fmt: skip


def tell(folder: Path) -> str:
    """Fills an empty ``folder``; returns the id of the sweep."""
    (folder / ".mlops").mkdir()
    for name in ("01-tumour-triage", "02-track-experiments"):
        shutil.copy(ROOT / "notebooks" / f"{name}.ipynb", folder / f"{name[3:]}.ipynb")
    (folder / "flights.ipynb").write_text(json.dumps(notebook_json(CELLS)))
    (folder / "home").mkdir(exist_ok=True)
    environment = {**os.environ, "MLOPS_JLAB_STORE": str(folder / ".mlops"), "HOME": str(folder / "home")}

    def python(*words: str) -> str:
        done = subprocess.run(
            [sys.executable, *words],
            env=environment,
            cwd=folder,
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
        return done.stdout

    python("-c", FLIGHTS)
    python("-m", "mlops_jlab", "data", "promote", "flights/1", "validated")
    words = [
        "schedule",
        "add",
        "flights.ipynb",
        "--cron",
        "0 3 * * *",
        "--name",
        "nightly",
        "--promote",
        "champion",
    ]
    python("-m", "mlops_jlab", *words)
    python("-c", NIGHTLY)
    sweep = python("-c", SWEEP).split()[-1]
    python("-m", "mlops_jlab", "run", "tumour-triage.ipynb", "-p", "trees=40")
    python("-c", CHURN)
    return sweep
