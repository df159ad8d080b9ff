/** Figures of the same name in one row, a run a column. */

import * as React from 'react';

import { Card } from '../elements';
import { titleOf } from '../runs/words';
import { Shown } from './page';

const IMAGE = /\.(png|jpe?g|gif|webp)$/i;
const MOST = 12; // runs whose figures are looked for

/** The tab. */
export function Figures({ around, found }: Shown): React.JSX.Element {
  const { client, trans } = around;
  const runs = found.runs.slice(0, MOST);
  const [paths, setPaths] = React.useState<readonly string[][] | null>(null);
  React.useEffect(() => {
    void Promise.allSettled(runs.map(run => client.run(run.id))).then(answers =>
      setPaths(
        answers.map(answer =>
          answer.status === 'fulfilled'
            ? answer.value.artifacts
                .map(file => file.path)
                .filter(path => IMAGE.test(path))
            : []
        )
      )
    );
  }, [found]);
  const names = [...new Set((paths ?? []).flat())];
  if (names.length === 0) {
    return (
      <p className="jp-mlops-empty">
        {paths === null
          ? trans.__('Loading…')
          : trans.__('These runs have kept no figures.')}
      </p>
    );
  }
  return (
    <>
      {names.map(name => (
        <Card key={name} title={name}>
          <div className="jp-mlops-figures">
            {(paths ?? []).map((own, place) => {
              const run = runs[place];
              return run && own.includes(name) ? (
                <figure key={run.id}>
                  <img
                    className="jp-mlops-image"
                    src={client.fileUrl(run.id, name)}
                    alt={`${name}, ${run.name}`}
                  />
                  <figcaption>{titleOf(run)}</figcaption>
                </figure>
              ) : null;
            })}
          </div>
        </Card>
      ))}
    </>
  );
}
