/** What a run and its steps have printed: the tab, and the card with the last lines. */

import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Log, RunDetail } from '../api/types';
import { Card, Choice, Icon, IconButton, Tick } from '../elements';
import { asText, errorsIn, matching, Wanted } from '../runs/loglines';
import { ALL_STEPS, LogLines, useLog } from '../runs/printed';
import { isOpen } from '../runs/words';
import { Shown } from './page';

const ITSELF = '.'; // stands for the run itself: no step is called so
const LAST = 6;
const ALL: Wanted = { words: '', onlyErrors: false };

/** Whether a run is a step of a pipeline, whose run has the log. */
function isStep(run: RunDetail): boolean {
  return run.kind === 'step' && run.parent !== '';
}

/** Whether a run has steps or trials, whose logs can be chosen from. */
function hasParts(run: RunDetail): boolean {
  return ['pipeline', 'sweep'].includes(run.kind);
}

/** Whose log is shown first: what its steps print is what one asks a pipeline for. */
function firstOf(run: RunDetail): string {
  return run.kind === 'pipeline' ? ALL_STEPS : ITSELF;
}

/** Where the log of a run, or of what is chosen of it, is asked for. */
function sourceOf(run: RunDetail, chosen: string): [string, string] {
  return isStep(run)
    ? [run.parent, run.name]
    : [run.id, chosen === ITSELF ? '' : chosen];
}

/** The tab. */
export function Logs(props: Shown): React.JSX.Element {
  const { around, found } = props;
  const { trans, client } = around;
  const [chosen, setChosen] = React.useState(firstOf(found));
  const [wanted, setWanted] = React.useState<Wanted>(ALL);
  const goesOn = isOpen(found.status);
  const [run, step] = sourceOf(found, chosen);
  const [log, problem] = useLog({ client, run, step, isOpen: goesOn });
  const all = log?.lines ?? [];
  const lines = matching(all, wanted);
  return (
    <Card title={trans.__('Log')} hint={told(log, trans)}>
      <Tools
        wanted={wanted}
        onWant={setWanted}
        text={asText(lines)}
        trans={trans}
      >
        {hasParts(found) && (
          <Choice
            label={trans.__('Log of')}
            value={chosen}
            {...choicesOf(props)}
            onChange={setChosen}
          />
        )}
      </Tools>
      {lines.length > 0 ? (
        <LogLines
          lines={lines}
          label={trans.__('Log')}
          hasSteps={step === ALL_STEPS}
        />
      ) : (
        <p className="jp-mlops-hint" role="status">
          {problem?.message ?? nothingOf(found, log, trans)}
        </p>
      )}
      {goesOn && <End count={all.length} trans={trans} />}
    </Card>
  );
}

/** Why no line is shown. */
function nothingOf(
  run: RunDetail,
  log: Log | null,
  trans: TranslationBundle
): string {
  if (log === null) {
    return trans.__('Loading…');
  }
  if (log.lines.length > 0) {
    return trans.__('No line matches');
  }
  if (isOpen(run.status) || hasParts(run) || isStep(run)) {
    return trans.__('Nothing printed yet');
  }
  return trans.__(
    'What this run printed is in its notebook, below its cells. A cell that begins with %%track keeps it here as well.'
  );
}

/** How much a log holds. */
function told(log: Log | null, trans: TranslationBundle): string {
  const all = log?.lines ?? [];
  const errors = errorsIn(all);
  return [
    trans._n('%1 line', '%1 lines', all.length),
    ...(errors > 0 ? [trans._n('%1 error', '%1 errors', errors)] : []),
    ...(log?.cut ? [trans.__('earlier lines are left out')] : [])
  ].join(' · ');
}

/** What is looked for in the log, and its copy. */
function Tools(props: {
  wanted: Wanted;
  onWant: (wanted: Wanted) => void;
  text: string;
  trans: TranslationBundle;
  children: React.ReactNode;
}): React.JSX.Element {
  const { wanted, onWant, text, trans } = props;
  return (
    <div className="jp-mlops-log-tools">
      <span className="jp-mlops-field" role="search">
        <Icon name="search" />
        <input
          aria-label={trans.__('Search the log')}
          placeholder={trans.__('Search the log')}
          value={wanted.words}
          onChange={event => onWant({ ...wanted, words: event.target.value })}
        />
      </span>
      {props.children}
      <Tick
        label={trans.__('Only errors')}
        checked={wanted.onlyErrors}
        onChange={onlyErrors => onWant({ ...wanted, onlyErrors })}
      />
      <span className="jp-mlops-gap" />
      <IconButton
        icon="copy"
        label={trans.__('Copy Log')}
        disabled={text === ''}
        onClick={() => void navigator.clipboard.writeText(text)}
      />
    </div>
  );
}

/** The end of a log that goes on; it stays in sight while it is followed. */
function End(props: {
  count: number;
  trans: TranslationBundle;
}): React.JSX.Element {
  const [follows, setFollows] = React.useState(true);
  const place = React.useRef<HTMLDivElement>(null);
  React.useEffect(() => {
    if (follows) {
      place.current?.scrollIntoView({ block: 'nearest' });
    }
  }, [props.count, follows]);
  return (
    <div ref={place}>
      <Tick
        label={props.trans.__('Follow')}
        checked={follows}
        onChange={setFollows}
      />
    </div>
  );
}

/** Whose logs there are, and what each is called. */
function choicesOf({ around, model, found }: Shown): {
  values: readonly string[];
  names: Readonly<Record<string, string>>;
} {
  const { trans } = around;
  const steps = model.steps?.steps ?? [];
  return {
    values: [
      ...(found.kind === 'pipeline' ? [ALL_STEPS] : []),
      ...steps.map(state => state.name),
      ITSELF
    ],
    names: {
      [ALL_STEPS]: trans.__('All steps'),
      [ITSELF]: trans.__('Messages of the run')
    }
  };
}

/** The last lines that the steps of a pipeline, one of them or a tracked cell have printed. */
export function LogCard(
  props: Shown & { onTab: (tab: string) => void }
): React.JSX.Element | null {
  const { around, found } = props;
  const { trans, client } = around;
  const [run, step] = sourceOf(found, firstOf(found));
  const [log] = useLog({ client, run, step, isOpen: isOpen(found.status) });
  if (log === null || log.lines.length === 0) {
    return null;
  }
  return (
    <Card
      title={trans.__('Log')}
      hint={trans.__('last lines')}
      actions={
        <button
          type="button"
          className="jp-mlops-link"
          onClick={() => props.onTab('logs')}
        >
          {trans.__('Open Logs')}
        </button>
      }
    >
      <LogLines
        lines={log.lines.slice(-LAST)}
        label={trans.__('Last lines of the log')}
        hasSteps={step === ALL_STEPS}
      />
    </Card>
  );
}
