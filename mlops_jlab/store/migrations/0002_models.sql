-- Registered models, their versions and aliases; gate results; the audit log. Times are seconds since 1970.
CREATE TABLE models (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, created REAL NOT NULL);
CREATE TABLE versions (
  id INTEGER PRIMARY KEY,
  model INTEGER NOT NULL REFERENCES models (id),
  version INTEGER NOT NULL,
  created REAL NOT NULL,
  user TEXT NOT NULL,
  run TEXT NOT NULL,                 -- the id of the run that made it, or nothing
  whole TEXT NOT NULL,               -- the id of the pipeline's run that this was part of
  about TEXT NOT NULL,               -- format, signature, metrics, data, requirements, as JSON
  deleted REAL,
  UNIQUE (model, version)
);
CREATE TABLE version_files (
  version INTEGER NOT NULL REFERENCES versions (id),
  path TEXT NOT NULL,
  digest TEXT NOT NULL,
  size INTEGER NOT NULL,
  PRIMARY KEY (version, path)
) WITHOUT ROWID;
CREATE TABLE aliases (
  model INTEGER NOT NULL REFERENCES models (id),
  alias TEXT NOT NULL,
  version INTEGER NOT NULL REFERENCES versions (id),
  changed REAL NOT NULL,
  PRIMARY KEY (model, alias)
) WITHOUT ROWID;
-- What a gate found. Each use of an evaluation set spends of its error budget.
CREATE TABLE gate_results (
  id INTEGER PRIMARY KEY,
  model TEXT NOT NULL,
  run TEXT NOT NULL,
  whole TEXT NOT NULL,
  at REAL NOT NULL,
  verdict TEXT NOT NULL CHECK (verdict IN ('pass', 'fail', 'not enough data')),
  evaluation TEXT NOT NULL,          -- the digest of the evaluation set
  comparison TEXT NOT NULL,          -- the digest of what was compared on it
  alpha REAL NOT NULL,
  report TEXT NOT NULL               -- all of it, as JSON
);
CREATE INDEX gate_results_by_run ON gate_results (whole, model);
CREATE INDEX gate_results_by_evaluation ON gate_results (evaluation, comparison);
-- Who changed what and why. Each entry has the digest of the one before it.
CREATE TABLE audit (
  seq INTEGER PRIMARY KEY,
  at TEXT NOT NULL,
  who TEXT NOT NULL,
  action TEXT NOT NULL,
  subject TEXT NOT NULL,
  reason TEXT NOT NULL,
  details TEXT NOT NULL,
  previous TEXT NOT NULL,
  digest TEXT NOT NULL UNIQUE
);
CREATE TRIGGER audit_entries_stay BEFORE UPDATE ON audit
BEGIN
  SELECT RAISE(ABORT, 'the audit log is append-only');
END;
CREATE TRIGGER audit_entries_are_not_removed BEFORE DELETE ON audit
BEGIN
  SELECT RAISE(ABORT, 'the audit log is append-only');
END;
-- Schedules, and each time that one was due: its row is the claim of whoever executes it.
CREATE TABLE schedules (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  spec TEXT NOT NULL,                -- what was asked for, as JSON
  paused INTEGER NOT NULL DEFAULT 0,
  created REAL NOT NULL,
  checked REAL NOT NULL,             -- up to when it was looked at what is due
  seen TEXT NOT NULL DEFAULT '',     -- the digest of the data that was there then
  removed REAL
) WITHOUT ROWID;
CREATE TABLE firings (
  schedule TEXT NOT NULL REFERENCES schedules (id),
  due TEXT NOT NULL,                 -- UTC, or what triggered it
  cause TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('running', 'finished', 'failed', 'skipped', 'waiting')),
  attempt INTEGER NOT NULL DEFAULT 1,
  owner TEXT NOT NULL,
  started REAL NOT NULL,
  ended REAL,
  not_before REAL NOT NULL DEFAULT 0,
  folder TEXT NOT NULL DEFAULT '',
  run TEXT NOT NULL DEFAULT '',
  steps TEXT NOT NULL DEFAULT '[]',  -- what was done and why, as JSON
  PRIMARY KEY (schedule, due)
) WITHOUT ROWID;
CREATE INDEX firings_open ON firings (status) WHERE status IN ('running', 'waiting');
CREATE INDEX firings_by_start ON firings (schedule, started);
