/** What the processes of a run took of the machine over time, a line for each step; loaded when first seen. */

import * as React from 'react';

import { SampledPart } from '../api/types';
import { ProblemBox } from '../elements';
import { Problem, problemOf } from '../problems';
import { Course } from '../runs/courses';
import { Curve } from '../runs/curve';
import { Line } from '../runs/lines';
import { hueAt, HUES } from '../runs/marked';
import { isOpen, number, size } from '../runs/words';
import { Shown } from './page';

const PAUSE = 4; // seconds between two looks at a run that goes on

type Kind = 'cpu' | 'memory' | 'gpu' | 'gpu_memory';

/** The charts. */
export default function Courses(props: Shown): React.JSX.Element {
  const { around, found } = props;
  const { trans } = around;
  const [parts, problem] = useSamples(props);
  const group = React.useId();
  const lines = React.useMemo(() => parts.map(lineOf), [parts]);
  const titles: readonly [Kind, string, (value: number) => string][] = [
    ['cpu', trans.__('Busy cores'), number],
    ['memory', trans.__('Memory'), size],
    ['gpu', trans.__('Graphics cards'), share],
    ['gpu_memory', trans.__('Memory of graphics cards'), size]
  ];
  const known = titles.filter(([kind]) =>
    parts.some(part => part[kind].some(value => value !== null))
  );
  return (
    <>
      <ProblemBox problem={problem} />
      {known.length === 0 && (
        <p className="jp-mlops-empty">
          {isOpen(found.status)
            ? trans.__('The first values come after a second.')
            : trans.__(
                'This run was over too soon, or began before its use of the machine was recorded.'
              )}
        </p>
      )}
      <div className="jp-mlops-chart-grid">
        {known.map(([kind, title, format]) => (
          <Curve
            key={kind}
            title={title}
            courses={coursesOf(parts, kind, found.started)}
            lines={lines}
            axis="relative"
            smoothing={0}
            logarithmic={false}
            group={group}
            format={format}
            fromZero
            trans={trans}
          />
        ))}
      </div>
    </>
  );
}

function share(value: number): string {
  return `${Math.round(value * 100)} %`;
}

function lineOf(part: SampledPart, place: number): Line {
  return {
    id: part.run,
    name: part.name,
    hue: hueAt(place),
    dashed: place >= HUES
  };
}

/** Courses that begin with the run, so that steps stand where they were in it. Pure. */
export function coursesOf(
  parts: readonly SampledPart[],
  kind: Kind,
  begun: number
): Course[] {
  return parts.map(part => ({
    id: part.run,
    places: [begun, ...part.times],
    times: [begun, ...part.times],
    values: [null, ...part[kind]]
  }));
}

/** The samples; asked for anew while the run goes on and the page is seen. */
function useSamples({
  around,
  found
}: Shown): [readonly SampledPart[], Problem | null] {
  const [parts, setParts] = React.useState<readonly SampledPart[]>([]);
  const [problem, setProblem] = React.useState<Problem | null>(null);
  const asked = React.useRef(0);
  React.useEffect(() => {
    const now = Date.now() / 1000;
    if (isOpen(found.status) && now - asked.current < PAUSE) {
      return;
    }
    asked.current = now;
    around.client.samples(found.id).then(
      answer => (setParts(answer.parts), setProblem(null)),
      error => setProblem(problemOf(error))
    );
  }, [found]);
  return [parts, problem];
}
