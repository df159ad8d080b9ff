/** What a run has used of the machine, and the machine. */

import * as React from 'react';

import { Card } from '../elements';
import { number, seconds, size } from '../runs/words';
import { Shown } from './page';
import { Pairs } from './pairs';

const Courses = React.lazy(() => import('./courses'));

const BYTES = /memory|bytes|size/;
const TIMES = /time|seconds|duration/;

/** The tab. */
export function System(props: Shown): React.JSX.Element {
  const { around, found } = props;
  const { trans } = around;
  const used = readable(found.facts.usage);
  const machine = (found.facts.machine ?? {}) as Record<string, unknown>;
  return (
    <div className="jp-mlops-columns-2">
      <div>
        <Card title={trans.__('In all')}>
          <Pairs pairs={used} trans={trans} />
          {used.length === 0 && (
            <p className="jp-mlops-hint">
              {trans.__('Known when the run is over.')}
            </p>
          )}
        </Card>
        <Card title={trans.__('Machine')}>
          <Pairs pairs={readable(machine)} trans={trans} />
        </Card>
      </div>
      <div>
        <React.Suspense fallback={null}>
          <Courses {...props} />
        </React.Suspense>
      </div>
    </div>
  );
}

/** Facts as names and values for people. Pure. */
export function readable(facts: unknown): { name: string; value: string }[] {
  return Object.entries((facts ?? {}) as Record<string, unknown>).map(
    ([name, value]) => ({
      name: name.replace(/_/g, ' '),
      value:
        typeof value !== 'number'
          ? Array.isArray(value)
            ? value.join(', ')
            : typeof value === 'object'
              ? JSON.stringify(value)
              : String(value)
          : BYTES.test(name)
            ? size(value)
            : TIMES.test(name)
              ? seconds(value)
              : number(value)
    })
  );
}
