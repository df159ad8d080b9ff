-- A run that a check of its data has stopped is blocked.
PRAGMA writable_schema = ON;
UPDATE sqlite_schema SET sql = replace(sql, '''failed'', ''killed'')', '''failed'', ''killed'', ''blocked'')')
  WHERE type = 'table' AND name = 'runs';
PRAGMA writable_schema = RESET;
-- What checks of data have found, so that later ones know how many rows are usual.
CREATE TABLE data_checks (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  run TEXT NOT NULL,
  at REAL NOT NULL,
  rows INTEGER NOT NULL,
  passed INTEGER NOT NULL,
  report TEXT NOT NULL               -- all of it, as JSON
);
CREATE INDEX data_checks_by_name ON data_checks (name, id);
-- Named data, their versions by content, and the aliases that point at them.
CREATE TABLE datasets (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  created REAL NOT NULL,
  about TEXT NOT NULL                -- owner and note, as JSON
);
CREATE TABLE dataset_versions (
  id INTEGER PRIMARY KEY,
  dataset INTEGER NOT NULL REFERENCES datasets (id),
  version INTEGER NOT NULL,
  created REAL NOT NULL,
  user TEXT NOT NULL,
  run TEXT NOT NULL,                 -- the id of the run that added it, or nothing
  digest TEXT NOT NULL,              -- of the whole content
  about TEXT NOT NULL,               -- source, schema, size, rows, as JSON
  profile TEXT NOT NULL,             -- its profile, as JSON, or nothing
  UNIQUE (dataset, version)
);
CREATE TABLE dataset_files (
  version INTEGER NOT NULL REFERENCES dataset_versions (id),
  path TEXT NOT NULL,                -- below the source
  digest TEXT NOT NULL,
  size INTEGER NOT NULL,
  modified INTEGER NOT NULL,         -- nanoseconds since 1970
  PRIMARY KEY (version, path)
) WITHOUT ROWID;
CREATE TABLE dataset_aliases (
  dataset INTEGER NOT NULL REFERENCES datasets (id),
  alias TEXT NOT NULL,
  version INTEGER NOT NULL REFERENCES dataset_versions (id),
  changed REAL NOT NULL,
  PRIMARY KEY (dataset, alias)
) WITHOUT ROWID;
-- Which runs have read which version.
CREATE TABLE dataset_reads (
  version INTEGER NOT NULL REFERENCES dataset_versions (id),
  run TEXT NOT NULL,
  at REAL NOT NULL,
  PRIMARY KEY (version, run)
) WITHOUT ROWID;
CREATE INDEX dataset_reads_by_run ON dataset_reads (run);
