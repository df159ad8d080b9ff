-- Runs, their params, metrics, tags and artifacts. Times are seconds since 1970.
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE experiments (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, created REAL NOT NULL);
CREATE TABLE runs (
  seq INTEGER PRIMARY KEY,           -- the order in which runs came here
  id TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  experiment INTEGER NOT NULL REFERENCES experiments (id),
  parent TEXT NOT NULL DEFAULT '',   -- the id of another run, which may arrive later
  grouping TEXT NOT NULL DEFAULT '',
  kind TEXT NOT NULL DEFAULT 'script',
  source TEXT NOT NULL DEFAULT '',
  user TEXT NOT NULL DEFAULT '',
  note TEXT NOT NULL DEFAULT '',
  status TEXT NOT NULL CHECK (status IN ('pending', 'running', 'finished', 'failed', 'killed')),
  reason TEXT NOT NULL DEFAULT '',
  started REAL NOT NULL,
  ended REAL,
  duration REAL,                     -- by a clock that is never set back
  attempt INTEGER NOT NULL DEFAULT 1,
  owner TEXT NOT NULL DEFAULT '',    -- the process that writes: pid, start, boot, host as JSON
  heartbeat REAL NOT NULL DEFAULT 0,
  facts TEXT NOT NULL DEFAULT '{}',  -- what is known of its origin, as JSON
  deleted REAL
);
CREATE INDEX runs_by_experiment ON runs (experiment, seq);
CREATE INDEX runs_by_parent ON runs (parent) WHERE parent <> '';
CREATE INDEX runs_open ON runs (status) WHERE status IN ('pending', 'running');
CREATE TABLE keys (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE params (
  run INTEGER NOT NULL REFERENCES runs (seq) ON DELETE CASCADE,
  key INTEGER NOT NULL REFERENCES keys (id),
  value TEXT NOT NULL,
  changed REAL NOT NULL,
  start TEXT GENERATED ALWAYS AS (substr(value, 1, 64)) VIRTUAL,  -- values may be long, their index not
  PRIMARY KEY (run, key)
) WITHOUT ROWID;
CREATE INDEX params_by_start ON params (key, start);
CREATE TABLE param_history (
  run INTEGER NOT NULL REFERENCES runs (seq) ON DELETE CASCADE,
  key INTEGER NOT NULL REFERENCES keys (id),
  value TEXT NOT NULL,
  changed REAL NOT NULL
);
CREATE INDEX param_history_by_run ON param_history (run);
CREATE TRIGGER a_corrected_param_is_kept AFTER UPDATE OF value ON params WHEN old.value IS NOT new.value
BEGIN
  INSERT INTO param_history VALUES (old.run, old.key, old.value, old.changed);
END;
CREATE TABLE tags (
  run INTEGER NOT NULL REFERENCES runs (seq) ON DELETE CASCADE,
  key INTEGER NOT NULL REFERENCES keys (id),
  value TEXT NOT NULL,
  PRIMARY KEY (run, key)
) WITHOUT ROWID;
-- One metric of one run. Values have no affinity, so that -0.0 stays; NaN is NULL.
CREATE TABLE series (
  id INTEGER PRIMARY KEY,
  run INTEGER NOT NULL REFERENCES runs (seq) ON DELETE CASCADE,
  key INTEGER NOT NULL REFERENCES keys (id),
  latest, iteration INTEGER NOT NULL, first INTEGER NOT NULL, minimum, maximum,
  UNIQUE (run, key)
);
CREATE INDEX series_by_latest ON series (key, latest, run);
CREATE TABLE points (
  series INTEGER NOT NULL REFERENCES series (id) ON DELETE CASCADE,
  iteration INTEGER NOT NULL,
  value, at REAL NOT NULL,
  PRIMARY KEY (series, iteration)
) WITHOUT ROWID;
CREATE TABLE replaced_points (
  series INTEGER NOT NULL REFERENCES series (id) ON DELETE CASCADE,
  iteration INTEGER NOT NULL,
  value, at REAL NOT NULL
);
CREATE INDEX replaced_points_by_series ON replaced_points (series);
CREATE TRIGGER a_replaced_point_is_kept AFTER UPDATE OF value ON points WHEN old.value IS NOT new.value
BEGIN
  INSERT INTO replaced_points VALUES (old.series, old.iteration, old.value, old.at);
END;
-- The least and the greatest point of each 256 iterations, from the second such stretch on.
CREATE TABLE buckets (
  series INTEGER NOT NULL REFERENCES series (id) ON DELETE CASCADE,
  bucket INTEGER NOT NULL,
  low, low_iteration INTEGER, high, high_iteration INTEGER,
  PRIMARY KEY (series, bucket)
) WITHOUT ROWID;
CREATE TABLE artifacts (
  run INTEGER NOT NULL REFERENCES runs (seq) ON DELETE CASCADE,
  path TEXT NOT NULL,
  digest TEXT NOT NULL,
  size INTEGER NOT NULL,
  PRIMARY KEY (run, path)
) WITHOUT ROWID;
CREATE INDEX artifacts_by_digest ON artifacts (digest);
CREATE TABLE journals (name TEXT PRIMARY KEY, place INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE late (run TEXT NOT NULL, line TEXT NOT NULL);  -- lines of a writer that had been replaced
-- What an MLflow server has of a run: its id there, and in short what was sent.
CREATE TABLE mirrored (
  run INTEGER NOT NULL REFERENCES runs (seq) ON DELETE CASCADE,
  server TEXT NOT NULL,
  remote TEXT NOT NULL,
  sent TEXT NOT NULL,
  PRIMARY KEY (run, server)
) WITHOUT ROWID;
