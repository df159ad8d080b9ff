/** The frames that a run's steps have made: columns and distributions, beside the baseline's on request. */

import * as React from 'react';

import { File, FrameLook, RunProfiles } from '../api/types';
import { Card, ProblemBox, Tick } from '../elements';
import { ColumnTable } from '../data/columns';
import { Problem, problemOf } from '../problems';
import { titleOf } from '../runs/words';
import { Shown } from './page';

/** Whether a file of a run is the profile of a frame. */
export function isProfile({ path }: File): boolean {
  return path.startsWith('profiles/') && path.endsWith('.json');
}

/** The tab. */
export function DataTab({ around, model, found }: Shown): React.JSX.Element {
  const { trans } = around;
  const { baseline } = model;
  const [isBeside, setBeside] = React.useState(true);
  const against = isBeside ? (baseline?.id ?? '') : '';
  const [known, setKnown] = React.useState<RunProfiles | null>(null);
  const [problem, setProblem] = React.useState<Problem | null>(null);
  React.useEffect(() => {
    around.client.data.runProfiles(found.id, against).then(
      answer => setKnown(answer),
      error => setProblem(problemOf(error))
    );
  }, [found.id, found.ended, against]);
  return (
    <>
      <ProblemBox problem={problem} />
      {baseline && (
        <Tick
          label={trans.__('Beside %1', titleOf(baseline))}
          checked={isBeside}
          onChange={setBeside}
        />
      )}
      {known?.frames.length === 0 && (
        <p className="jp-mlops-empty">
          {trans.__(
            'No frame was profiled: data frames that a step hands on are, where that takes less than 3 % of its time.'
          )}
        </p>
      )}
      {known?.frames.map(frame => (
        <Frame
          key={`${frame.step} ${frame.name}`}
          around={around}
          frame={frame}
          names={
            frame.rows_before !== null && baseline
              ? [titleOf(baseline), titleOf(found)]
              : []
          }
        />
      ))}
    </>
  );
}

function Frame(props: {
  around: Shown['around'];
  frame: FrameLook;
  names: readonly string[];
}): React.JSX.Element {
  const { around, frame, names } = props;
  const { trans } = around;
  const { rows, rows_before: before } = frame;
  const count = rows.toLocaleString('en');
  const drifted = frame.moved.filter(one => one.drifted).length;
  return (
    <Card
      title={frame.step ? `${frame.step}: ${frame.name}` : frame.name}
      hint={[
        before === null || before === rows
          ? trans.__('%1 rows', count)
          : trans.__('%1 → %2 rows', before.toLocaleString('en'), count),
        names.length > 0
          ? trans._n('%1 column moved', '%1 columns moved', drifted, drifted)
          : ''
      ]
        .filter(Boolean)
        .join(', ')}
      actions={
        names.length > 0 && (
          <span className="jp-mlops-keys">
            <span data-which="before">{names[0]}</span>
            <span data-which="now">{names[1]}</span>
          </span>
        )
      }
    >
      <ColumnTable
        columns={frame.columns}
        leftOut={frame.left_out}
        moved={frame.moved}
        names={names}
        trans={trans}
      />
    </Card>
  );
}
