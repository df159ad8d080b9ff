/** Many runs at once: parallel coordinates, and one number against another. */

import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Run } from '../api/types';
import { Choice } from '../elements';
import { Line } from './lines';
import { axesOf, parallelSpec, scatterSpec, VegaChart } from './vega';

const MOST = 12;

interface Props {
  runs: readonly Run[];
  /** How the runs are drawn elsewhere: a few have their own colors here too. */
  lines: readonly Line[];
  rendermime: IRenderMimeRegistry;
  trans: TranslationBundle;
}

/** The two charts, with the axes to choose. */
export default function Relations(props: Props): React.JSX.Element | null {
  const { runs, lines, rendermime, trans } = props;
  const axes = React.useMemo(() => axesOf(runs), [runs]);
  const [x, setX] = React.useState(axes[0] ?? '');
  const [y, setY] = React.useState(axes[axes.length - 1] ?? '');
  const parallel = React.useMemo(
    () => parallelSpec(runs, axes.slice(0, MOST), y, lines),
    [runs, axes, y, lines]
  );
  const scatter = React.useMemo(
    () => scatterSpec(runs, x, y, lines),
    [runs, x, y, lines]
  );
  if (axes.length < 2) {
    return null;
  }
  const choice = (
    label: string,
    value: string,
    set: (value: string) => void
  ): React.JSX.Element => (
    <label>
      {label}{' '}
      <Choice label={label} value={value} values={axes} onChange={set} />
    </label>
  );
  return (
    <section
      className="jp-mlops-card"
      aria-label={trans.__('Parameters and results')}
    >
      <div className="jp-mlops-line">
        <h2>{trans.__('Parameters and results')}</h2>
        <span className="jp-mlops-gap" />
        {choice(trans.__('X axis'), x, setX)}
        {choice(trans.__('Y axis and color'), y, setY)}
      </div>
      <div className="jp-mlops-relations">
        <VegaChart
          rendermime={rendermime}
          menu={trans.__('Save the chart')}
          spec={parallel}
          label={trans.__('Parallel coordinates')}
        />
        <VegaChart
          rendermime={rendermime}
          menu={trans.__('Save the chart')}
          spec={scatter}
          label={trans.__('%1 against %2', y, x)}
        />
      </div>
    </section>
  );
}
