-- A verdict belongs to one model, known by its content, and to the gate that gave it.
ALTER TABLE gate_results ADD COLUMN content TEXT NOT NULL DEFAULT '';  -- the digest of the model that was judged
ALTER TABLE gate_results ADD COLUMN gate TEXT NOT NULL DEFAULT '';     -- the digest of rules, rows and opponent
ALTER TABLE gate_results ADD COLUMN champion INTEGER NOT NULL DEFAULT 0;
CREATE INDEX gate_results_by_model ON gate_results (model, content);
-- Which rows a comparison has looked at, so that rows that are used again share their error budget.
CREATE TABLE gate_rows (
  result INTEGER NOT NULL REFERENCES gate_results (id),
  seen TEXT NOT NULL,                -- the digest of the columns that a row is known by
  rows INTEGER NOT NULL,             -- how many different rows there were
  hashes BLOB NOT NULL,              -- the smallest of their hashes in order, eight bytes each, little-endian
  PRIMARY KEY (result, seen)
) WITHOUT ROWID;
CREATE INDEX gate_rows_by_columns ON gate_rows (seen);
-- What tests that go on from night to night have gathered: one row for each night's new rows.
CREATE TABLE gate_nights (
  id INTEGER PRIMARY KEY,
  result INTEGER NOT NULL REFERENCES gate_results (id),
  sequence TEXT NOT NULL,            -- the digest of model, metric, champion and columns
  metric TEXT NOT NULL,
  gain REAL NOT NULL,                -- the sum of the differences on the new rows
  variance REAL NOT NULL,            -- of that sum
  hashes BLOB NOT NULL               -- of all new rows, eight bytes each
);
CREATE INDEX gate_nights_by_sequence ON gate_nights (sequence);
