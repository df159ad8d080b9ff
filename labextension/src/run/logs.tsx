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

/** The tab. Runs that were tracked in a notebook print into their cell. */
export function Logs(props: Shown): React.JSX.Element {
  const { around, found } = props;
  const { trans } = around;
  const hasLog = isStep(found) || ['pipeline', 'sweep'].includes(found.kind);
  return hasLog ? (
    <Whole {...props} />
  ) : (
    <div className="jp-mlops-empty">
      <h2>{trans.__('No log')}</h2>
      <p>
        {trans.__('What this run printed is in its notebook, below its cell.')}
      </p>
    </div>
  );
}

function Whole({ around, model, found }: Shown): React.JSX.Element {
  const { trans, client } = around;
  const own = isStep(found);
  const [chosen, setChosen] = React.useState(
    found.kind === 'sweep' ? ITSELF : ALL_STEPS
  );
  const [wanted, setWanted] = React.useState<Wanted>(ALL);
  const goesOn = isOpen(found.status);
  const [log, problem] = useLog({
    client,
    run: own ? found.parent : found.id,
    step: own ? found.name : chosen === ITSELF ? '' : chosen,
    isOpen: goesOn
  });
  const all = log?.lines ?? [];
  const lines = matching(all, wanted);
  const nothing =
    log === null
      ? trans.__('Loading…')
      : all.length > 0
        ? trans.__('No line matches')
        : trans.__('Nothing printed yet');
  return (
    <Card title={trans.__('Log')} hint={told(log, trans)}>
      <Tools
        wanted={wanted}
        onWant={setWanted}
        text={asText(lines)}
        trans={trans}
      >
        {!own && (
          <Choice
            label={trans.__('Log of')}
            value={chosen}
            {...choicesOf({ around, model, found })}
            onChange={setChosen}
          />
        )}
      </Tools>
      {lines.length > 0 ? (
        <LogLines
          lines={lines}
          label={trans.__('Log')}
          hasSteps={chosen === ALL_STEPS && !own}
        />
      ) : (
        <p className="jp-mlops-hint" role="status">
          {problem?.message ?? nothing}
        </p>
      )}
      {goesOn && <End count={all.length} trans={trans} />}
    </Card>
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

/** The last lines that the steps of a pipeline, or one of them, have printed. */
export function LogCard(
  props: Shown & { onTab: (tab: string) => void }
): React.JSX.Element | null {
  const { around, found } = props;
  const { trans, client } = around;
  const own = isStep(found);
  const [log] = useLog({
    client,
    run: own ? found.parent : found.id,
    step: own ? found.name : ALL_STEPS,
    isOpen: isOpen(found.status)
  });
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
        hasSteps={!own}
      />
    </Card>
  );
}
