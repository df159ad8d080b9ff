/** A version beside the champion, as gates have measured both on the same rows. */

import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { VersionComparison } from '../api/types';
import { Button, Card, ProblemBox, Tick } from '../elements';
import { Problem, problemOf } from '../problems';
import { Shown } from './page';

/** The card. */
export function Compared(props: Shown): React.JSX.Element {
  const { around, model, champion, chosen, compare } = props;
  const { trans, client } = around;
  const [found, setFound] = React.useState<VersionComparison | null>(null);
  const [problem, setProblem] = React.useState<Problem | null>(null);
  const [onlyDifferent, setOnly] = React.useState(true);
  const one = champion?.version ?? 0;
  const other = chosen.version;
  React.useEffect(() => {
    let wanted = true;
    const addresses = [one, other].map(version => `${model.name}/${version}`);
    client.compareVersions(addresses).then(
      answer => wanted && setFound(answer),
      error => wanted && setProblem(problemOf(error))
    );
    return () => {
      wanted = false;
    };
  }, [model.name, one, other]);
  const lines = (found?.lines ?? []).filter(
    line => line.kind === 'metric' || line.differs || !onlyDifferent
  );
  return (
    <Card
      title={trans.__('v%1 beside champion v%2', other, one)}
      hint={trans.__('metrics on one line are of the same rows')}
      actions={
        <>
          <Tick
            label={trans.__('Show only differences')}
            checked={onlyDifferent}
            onChange={setOnly}
          />
          <Button label={trans.__('Close')} onClick={() => compare(false)} />
        </>
      }
    >
      <ProblemBox problem={problem} />
      {found && <Lines titles={found.titles} lines={lines} trans={trans} />}
    </Card>
  );
}

function Lines(props: {
  titles: readonly string[];
  lines: VersionComparison['lines'];
  trans: TranslationBundle;
}): React.JSX.Element {
  const { titles, lines, trans } = props;
  return (
    <div className="jp-mlops-wide">
      <table className="jp-mlops-table">
        <thead>
          <tr>
            <th scope="col">{trans.__('What')}</th>
            {titles.map(title => (
              <th key={title} scope="col">
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {lines.map(line => (
            <tr key={`${line.kind} ${line.name}`}>
              <th scope="row" title={line.name}>
                {line.name}
              </th>
              {line.values.map((value, place) => (
                <td key={place} title={value} data-other={line.differs}>
                  {value}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
