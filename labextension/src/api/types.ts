/** What the server's routes answer. */

export type Status = 'pending' | 'running' | 'finished' | 'failed' | 'killed';

/** A number; NaN and infinities come as their names. */
export type Value = number | string;

/** A run as a list shows it. Times are seconds since 1970. */
export interface Run {
  id: string;
  name: string;
  experiment: string;
  status: Status;
  reason: string;
  started: number;
  ended: number | null;
  duration: number | null;
  parent: string;
  group: string;
  kind: string;
  source: string;
  user: string;
  note: string;
  deleted: boolean;
  metrics: Record<string, Value>;
  params: Record<string, string>;
  tags: Record<string, string>;
}

/** One run with its files and children; metrics come in short. */
export interface RunDetail extends Omit<Run, 'metrics'> {
  metrics: Record<
    string,
    { latest: Value; iteration: number; minimum: Value; maximum: Value }
  >;
  children: Run[];
  artifacts: { path: string; size: number }[];
  facts: Record<string, unknown>;
}

/** Some runs; `after` is where the next page begins, empty after the last. */
export interface Page {
  runs: Run[];
  after: string;
  total: number | null;
}

export interface Finding {
  severity: 'error' | 'hazard' | 'note';
  code: string;
  message: string;
  hint: string;
  cell: number;
  cell_id: string;
  line: number;
}

export interface Edge {
  from: string;
  to: string;
  names: string[];
  reasons: string[];
}

/** What a notebook means as a pipeline. */
export interface Graph {
  pipeline: string;
  notebook: string;
  steps: {
    name: string;
    cells: string[];
    inputs: string[];
    outputs: string[];
  }[];
  edges: Edge[];
  findings: Finding[];
}

/** Runs side by side. */
export interface Comparison {
  runs: Run[];
  lines: {
    kind: string;
    name: string;
    differs: boolean;
    values: (Value | null)[];
  }[];
}
