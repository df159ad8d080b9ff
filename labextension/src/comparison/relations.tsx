/** Parameters and results of many runs: parallel coordinates, or one number against another. */

import * as React from 'react';

import { Choice, Segments } from '../elements';
import { axesOf, canDraw, scatterSpec, VegaChart } from '../runs/vega';
import { Surroundings } from '../pages/surroundings';
import { Parallel, Related, Tools, usual } from './parallel';

type View = 'parallel' | 'scatter';

/** The card; nothing where runs differ in fewer than two things. */
export function Relations(
  props: Related & { around: Surroundings }
): React.JSX.Element | null {
  const { around, others, scales, trans } = props;
  const [view, setView] = React.useState<View>('parallel');
  const [changed, setChanged] = React.useState({});
  const sight = { ...usual(scales), ...changed };
  const canScatter = around.rendermime !== null && canDraw(around.rendermime);
  if (scales.length < 2) {
    return null;
  }
  return (
    <section
      className="jp-mlops-card"
      aria-label={trans.__('Parameters and results')}
    >
      <div className="jp-mlops-line jp-mlops-wrapping">
        <h2>{trans.__('Parameters and results')}</h2>
        {view === 'parallel' && others.length > 0 && !sight.isAlone && (
          <span className="jp-mlops-hint">
            {trans._n(
              '%1 other run of %2 in grey',
              '%1 other runs of %2 in grey',
              others.length,
              others[0]?.experiment ?? ''
            )}
          </span>
        )}
        <span className="jp-mlops-gap" />
        {canScatter && (
          <Segments<View>
            label={trans.__('Picture')}
            value={view}
            options={[
              ['parallel', trans.__('Parallel')],
              ['scatter', trans.__('Scatter')]
            ]}
            onChange={setView}
          />
        )}
        {view === 'parallel' && (
          <Tools
            sight={sight}
            onSight={change => setChanged({ ...changed, ...change })}
            scales={scales}
            others={others.length}
            trans={trans}
          />
        )}
      </div>
      {view === 'parallel' ? (
        <Parallel {...props} sight={sight} />
      ) : (
        <Scatter {...props} />
      )}
    </section>
  );
}

/** One number of the compared runs against another. */
function Scatter(
  props: Related & { around: Surroundings }
): React.JSX.Element | null {
  const { around, runs, lines, trans } = props;
  const axes = React.useMemo(() => axesOf(runs), [runs]);
  const [x, setX] = React.useState(axes[0] ?? '');
  const [y, setY] = React.useState(axes[axes.length - 1] ?? '');
  const spec = React.useMemo(
    () => scatterSpec(runs, x, y, lines),
    [runs, x, y, lines]
  );
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
  return axes.length < 2 || around.rendermime === null ? (
    <p className="jp-mlops-empty">
      {trans.__('These runs differ in fewer than two numbers.')}
    </p>
  ) : (
    <>
      <div className="jp-mlops-line jp-mlops-wrapping">
        {choice(trans.__('X axis'), x, setX)}
        {choice(trans.__('Y axis'), y, setY)}
      </div>
      <VegaChart
        rendermime={around.rendermime}
        menu={trans.__('Save the chart')}
        spec={spec}
        label={trans.__('%1 against %2', y, x)}
      />
    </>
  );
}
