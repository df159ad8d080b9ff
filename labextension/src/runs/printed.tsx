/** What a run or a step of it has printed, and goes on printing. */

import { TranslationBundle } from '@jupyterlab/translation';
import { Poll } from '@lumino/polling';
import * as React from 'react';

import { Client } from '../api/client';
import { Log, LogLine } from '../api/types';
import { Problem, problemOf } from '../problems';
import { clockOf } from './loglines';
import { exactly } from './words';

const RULE = /^\s*-{60,}\s*$/; // what IPython draws above a traceback
const EVERY = 1500; // milliseconds between two looks at what goes on

/** Stands for all steps of a run; an empty step is the run itself. */
export const ALL_STEPS = '*';

/** Whose log is shown. */
export interface Source {
  client: Client;
  run: string;
  step: string;
  isOpen: boolean;
}

/** The log as it is now; nothing before the first answer. */
export function useLog({
  client,
  run,
  step,
  isOpen
}: Source): readonly [Log | null, Problem | null] {
  const [found, setFound] = React.useState<Log | null>(null);
  const [problem, setProblem] = React.useState<Problem | null>(null);
  React.useEffect(() => {
    let wanted = true;
    const ask = async (): Promise<void> => {
      try {
        const log = await client.log(run, step);
        if (wanted) {
          setFound(log);
          setProblem(null);
        }
      } catch (error) {
        if (wanted) {
          setProblem(problemOf(error));
        }
        throw error; // the next look is later
      }
    };
    const poll = new Poll({
      auto: false,
      factory: ask,
      frequency: {
        interval: isOpen ? EVERY : Poll.NEVER,
        backoff: true,
        max: 30_000
      },
      name: 'mlops-jlab:log',
      standby: 'when-hidden'
    });
    setFound(null);
    void poll.start();
    return () => {
      wanted = false;
      poll.dispose();
    };
  }, [run, step, isOpen]);
  return [found, problem];
}

/** Lines of a log: the time, the step where there are several, the text. A `narrow` one tells the time on hover. */
export function LogLines(props: {
  lines: readonly LogLine[];
  label: string;
  hasSteps?: boolean;
  narrow?: boolean;
}): React.JSX.Element {
  const { label, hasSteps, narrow } = props;
  const lines = props.lines.filter(line => !RULE.test(line.text));
  const hasTimes = !narrow && lines.some(line => line.time !== null);
  const host = React.useRef<HTMLPreElement>(null);
  React.useEffect(() => {
    if (narrow && host.current !== null) {
      host.current.scrollTop = host.current.scrollHeight; // the end says most
    }
  }, [lines.length]);
  return (
    <pre ref={host} className="jp-mlops-log" tabIndex={0} aria-label={label}>
      {lines.map((line, place) => (
        <span
          key={place}
          data-kind={line.kind}
          title={narrow && line.time !== null ? exactly(line.time) : undefined}
        >
          {hasTimes && (
            <time title={line.time === null ? '' : exactly(line.time)}>
              {clockOf(line)}
            </time>
          )}
          {hasSteps && <i title={line.step}>{line.step}</i>}
          <code>{`${line.text}\n`}</code>
        </span>
      ))}
    </pre>
  );
}

/** The end of a log, in the sidebar. */
export function Printed(
  props: Source & { trans: TranslationBundle }
): React.JSX.Element {
  const { step, trans } = props;
  const [log, problem] = useLog(props);
  const label = step
    ? trans.__('Log of step %1', step)
    : trans.__('Log of the run');
  if (log !== null && log.lines.length > 0) {
    return <LogLines lines={log.lines} label={label} narrow />;
  }
  return (
    <p className="jp-mlops-hint" role="status">
      {problem?.message ??
        (log === null ? trans.__('Loading…') : trans.__('Nothing printed yet'))}
    </p>
  );
}
