-- Windows of data that were compared with what a model was fitted on, and what came of each.
CREATE TABLE monitor_windows (
  id INTEGER PRIMARY KEY,
  model TEXT NOT NULL,
  version INTEGER NOT NULL,
  source TEXT NOT NULL,
  at REAL NOT NULL,
  run TEXT NOT NULL,
  rows INTEGER NOT NULL,
  drifted TEXT NOT NULL,             -- the columns that have drifted in it, as JSON
  action TEXT NOT NULL CHECK (action IN ('nothing', 'retrain', 'held back')),
  why TEXT NOT NULL,
  seen TEXT NOT NULL                 -- the digests of the files up to then, by path, as JSON
);
CREATE INDEX monitor_windows_by_model ON monitor_windows (model, source, id);
