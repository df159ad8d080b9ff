/** The figures of some runs, such as the steps of a pipeline, as small pictures that open large. */

import * as React from 'react';

import { File, Run } from '../api/types';
import { Card, Thumb } from '../elements';
import { Surroundings } from '../pages/surroundings';

export const IMAGE = /\.(png|jpe?g|gif|webp|svg)$/i;
const MOST = 24;

/** The figures; runs without any show nothing. They are looked for once the runs are over. */
export function Figures(props: {
  around: Surroundings;
  runs: readonly Run[];
  isOver: boolean;
}): React.JSX.Element | null {
  const { around, runs, isOver } = props;
  const { client, trans } = around;
  const [found, setFound] = React.useState<[Run, File][]>([]);
  const ids = runs.map(run => run.id).join(' ');
  React.useEffect(() => {
    let wanted = true;
    if (isOver) {
      void Promise.allSettled(runs.map(run => client.run(run.id))).then(
        answers => {
          const figures = answers.flatMap((answer, place) => {
            const run = runs[place];
            return answer.status === 'fulfilled' && run
              ? answer.value.artifacts
                  .filter(file => IMAGE.test(file.path))
                  .map((file): [Run, File] => [run, file])
              : [];
          });
          if (wanted) {
            setFound(figures.slice(0, MOST));
          }
        }
      );
    }
    return () => {
      wanted = false;
    };
  }, [ids, isOver]);
  return found.length === 0 ? null : (
    <Card title={trans.__('Figures')}>
      <div className="jp-mlops-figures">
        {found.map(([run, file]) => (
          <Thumb
            key={`${run.id} ${file.path}`}
            src={client.fileUrl(run.id, file.path)}
            alt={`${file.path}, ${run.name}`}
            label={trans.__('Show %1 large', file.path)}
          >
            <span title={file.path}>{file.path.split('/').pop()}</span>
            {run.kind === 'step' && ` · ${run.name}`}
          </Thumb>
        ))}
      </div>
    </Card>
  );
}
