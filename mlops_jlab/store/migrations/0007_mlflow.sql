-- What code written for MLflow keeps beside runs: tags and notes of experiments, models and versions; logged models.
ALTER TABLE experiments ADD COLUMN tags TEXT NOT NULL DEFAULT '{}';  -- as JSON, as everywhere below
ALTER TABLE experiments ADD COLUMN deleted REAL;
ALTER TABLE models ADD COLUMN note TEXT NOT NULL DEFAULT '';
ALTER TABLE models ADD COLUMN tags TEXT NOT NULL DEFAULT '{}';
ALTER TABLE models ADD COLUMN deleted REAL;
ALTER TABLE versions ADD COLUMN note TEXT;  -- in the place of the one that it was registered with
ALTER TABLE versions ADD COLUMN tags TEXT NOT NULL DEFAULT '{}';
-- A model that was logged and need not be registered: MLflow's LoggedModel.
CREATE TABLE logged_models (
  id TEXT PRIMARY KEY,               -- m- and 32 digits
  experiment INTEGER NOT NULL REFERENCES experiments (id),
  run TEXT NOT NULL,                 -- the id of the run that made it, or nothing
  name TEXT NOT NULL,
  kind TEXT NOT NULL,
  status TEXT NOT NULL,
  created REAL NOT NULL,
  updated REAL NOT NULL,
  deleted REAL,
  params TEXT NOT NULL DEFAULT '{}',
  tags TEXT NOT NULL DEFAULT '{}'
) WITHOUT ROWID;
CREATE INDEX logged_models_by_run ON logged_models (run);
CREATE TABLE logged_model_files (
  model TEXT NOT NULL REFERENCES logged_models (id) ON DELETE CASCADE,
  path TEXT NOT NULL,
  digest TEXT NOT NULL,
  size INTEGER NOT NULL,
  PRIMARY KEY (model, path)
) WITHOUT ROWID;
CREATE TABLE logged_model_metrics (
  model TEXT NOT NULL REFERENCES logged_models (id) ON DELETE CASCADE,
  run TEXT NOT NULL,                 -- that measured it
  name TEXT NOT NULL,
  iteration INTEGER NOT NULL,
  value,
  at REAL NOT NULL,
  dataset TEXT NOT NULL,             -- the name and the digest of the data that it was measured on
  digest TEXT NOT NULL
);
CREATE INDEX logged_model_metrics_by_model ON logged_model_metrics (model);
