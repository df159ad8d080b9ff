-- What the processes of a run took of the machine: for the page of the run, and apart from its metrics.
CREATE TABLE samples (
  run INTEGER NOT NULL REFERENCES runs (seq) ON DELETE CASCADE,
  at REAL NOT NULL,                  -- seconds since 1970
  cpu REAL NOT NULL,                 -- cores that were busy for the run since the sample before
  memory INTEGER NOT NULL,           -- bytes
  gpu REAL,                          -- 0 to 1: how busy the graphics cards were, whoever used them
  gpu_memory INTEGER,                -- bytes, of all cards together
  PRIMARY KEY (run, at)
) WITHOUT ROWID;
