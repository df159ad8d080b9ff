/** The page of a new sweep: what varies, how trials are chosen, how many they are and about how long they take. */

import { Debouncer } from '@lumino/polling';
import * as React from 'react';

import { Graph, SweepPreview } from '../api/types';
import {
  Button,
  Card,
  Chip,
  Choice,
  directionOf,
  ProblemBox,
  Segments,
  Tick
} from '../elements';
import type { Address } from '../pages/page';
import { Surroundings } from '../pages/surroundings';
import { Problem, problemOf } from '../problems';
import { seconds } from '../runs/words';
import { Line, Text } from '../schedule/fields';
import { Parameters } from './varied';
import { Search, SEARCHES, usual, wishOf, Written } from './wish';

const PAUSE = 250;

/** What every part of the page is given. */
export interface Shown {
  around: Surroundings;
  graph: Graph | null;
  written: Written;
  change: (part: Partial<Written>) => void;
  preview: SweepPreview | null;
}

/** The page. */
export default function NewSweep(props: {
  around: Surroundings;
  address: Extract<Address, { kind: 'new-sweep' }>;
}): React.JSX.Element {
  const { around, address } = props;
  const { client } = around;
  const { path } = address;
  const [written, setWritten] = React.useState(usual);
  const [graph, setGraph] = React.useState<Graph | null>(null);
  const [problem, setProblem] = React.useState<Problem | null>(null);
  React.useEffect(() => {
    client.check(path).then(setGraph, error => setProblem(problemOf(error)));
  }, [path]);
  const preview = usePreview(around, path, written, setProblem);
  const start = async (): Promise<void> => {
    try {
      const { run, name } = await client.sweep(path, wishOf(written));
      around.openSweep(run, name);
    } catch (error) {
      setProblem(problemOf(error));
    }
  };
  const shown: Shown = {
    around,
    graph,
    written,
    change: part => setWritten(before => ({ ...before, ...part })),
    preview
  };
  return (
    <div className="jp-mlops-sweep-page">
      <Head {...shown} path={path} start={() => void start()} />
      <div className="jp-mlops-body">
        <ProblemBox problem={problem} />
        <div className="jp-mlops-columns-halves">
          <Parameters {...shown} />
          <How {...shown} />
        </div>
      </div>
    </div>
  );
}

function Head(
  props: Shown & { path: string; start: () => void }
): React.JSX.Element {
  const { around, preview, path, start } = props;
  const { trans } = around;
  const isReady = preview !== null && preview.problem === '';
  return (
    <header>
      <div className="jp-mlops-line">
        <h1>{trans.__('New sweep')}</h1>
        <Chip text={path} />
        <span className="jp-mlops-hint" role="status">
          {preview && estimate(preview, trans)}
        </span>
        <span className="jp-mlops-gap" />
        <Button
          accept
          icon="run"
          label={
            isReady
              ? trans._n(
                  'Start %1 Trial',
                  'Start %1 Trials',
                  preview.trials,
                  preview.trials
                )
              : trans.__('Start')
          }
          disabled={!isReady}
          title={preview?.problem ?? ''}
          onClick={start}
        />
      </div>
    </header>
  );
}

/** How many trials, and about how long they take. */
function estimate(
  { trials, each, problem, hint }: SweepPreview,
  trans: Surroundings['trans']
): string {
  if (problem !== '') {
    return [problem, hint].filter(Boolean).join('; ');
  }
  return each === null
    ? trans._n(
        '%1 trial. How long one takes is known after a first run.',
        '%1 trials. How long one takes is known after a first run.',
        trials,
        trials
      )
    : trans._n(
        '%1 trial, at most about %2: a run took %3, and what no value changes is computed once.',
        '%1 trials, at most about %2: a run took %3, and what no value changes is computed once.',
        trials,
        trials,
        seconds(trials * each),
        seconds(each)
      );
}

function usePreview(
  around: Surroundings,
  path: string,
  written: Written,
  onProblem: (problem: Problem | null) => void
): SweepPreview | null {
  const [found, setFound] = React.useState<SweepPreview | null>(null);
  const wish = JSON.stringify(wishOf(written));
  const latest = React.useRef('');
  latest.current = wish;
  const soon = React.useMemo(
    () =>
      new Debouncer(async () => {
        const asked = latest.current;
        try {
          const answer = await around.client.previewSweep({
            ...JSON.parse(asked),
            path
          });
          if (asked === latest.current) {
            setFound(answer);
            onProblem(null);
          }
        } catch (error) {
          setFound(null);
          onProblem(problemOf(error));
        }
      }, PAUSE),
    [path]
  );
  React.useEffect(() => () => soon.dispose(), [soon]);
  React.useEffect(() => {
    void soon.invoke().catch(() => undefined); // a later one has taken its place
  }, [wish, soon]);
  return found;
}

/** How trials are chosen, and what is to become best. */
function How(props: Shown): React.JSX.Element {
  const { around, written, change } = props;
  const { trans } = around;
  const names: Record<Search, string> = {
    grid: trans.__('Grid: every combination'),
    random: trans.__('Random'),
    bayes: trans.__('Bayesian: learn from earlier trials')
  };
  return (
    <Card title={trans.__('How')}>
      <Line
        label={trans.__('Search')}
        help={
          written.search === 'bayes'
            ? trans.__('It needs a metric, and Optuna.')
            : ''
        }
      >
        <Choice
          label={trans.__('Search')}
          value={written.search}
          values={SEARCHES}
          names={names}
          onChange={search => change({ search: search as Search })}
        />
      </Line>
      {written.search !== 'grid' && (
        <Line label={trans.__('Trials')}>
          <Text
            label={trans.__('Number of trials')}
            type="number"
            value={written.trials}
            onChange={trials => change({ trials })}
          />
        </Line>
      )}
      <Line
        label={trans.__('Side by side')}
        help={trans.__(
          'Trials at once. The first runs alone; those that write files run one after the other.'
        )}
      >
        <Text
          label={trans.__('Trials side by side')}
          type="number"
          value={written.parallel}
          onChange={parallel => change({ parallel })}
        />
      </Line>
      <Goal {...props} />
    </Card>
  );
}

function Goal({ around, written, change, preview }: Shown): React.JSX.Element {
  const { trans } = around;
  const known = preview?.metrics ?? [];
  const choose = (metric: string): void =>
    change({ metric, minimize: directionOf(metric) === 'lower' });
  return (
    <>
      <Line
        label={trans.__('Metric')}
        help={
          known.length > 0
            ? trans.__('Those that recent runs of the notebook have logged.')
            : trans.__(
                'No run of the notebook has logged one yet: write the name that log_metric will use.'
              )
        }
      >
        {known.length > 0 ? (
          <Choice
            label={trans.__('Metric')}
            value={written.metric}
            values={['', ...known]}
            names={{ '': trans.__('none') }}
            onChange={choose}
          />
        ) : (
          <Text
            label={trans.__('Metric')}
            value={written.metric}
            onChange={metric => choose(metric.trim())}
          />
        )}
        {written.metric !== '' && (
          <Segments
            label={trans.__('Direction')}
            value={written.minimize ? 'least' : 'most'}
            options={[
              ['most', trans.__('Maximize')],
              ['least', trans.__('Minimize')]
            ]}
            onChange={word => change({ minimize: word === 'least' })}
          />
        )}
      </Line>
      <Prune {...{ around, written, change }} />
    </>
  );
}

function Prune({
  around,
  written,
  change
}: Pick<Shown, 'around' | 'written' | 'change'>): React.JSX.Element | null {
  const { trans } = around;
  return written.metric === '' ? null : (
    <Line
      label=""
      help={trans.__(
        'A trial ends when its metric, logged with step=, is worse than the median of the earlier ones.'
      )}
    >
      <Tick
        label={trans.__('End trials that fall behind')}
        checked={written.prune}
        onChange={prune => change({ prune })}
      />
    </Line>
  );
}
