/** The notebooks of the page: what each takes, what is wrong in it, and its parameters. */

import { PathExt } from '@jupyterlab/coreutils';
import * as React from 'react';

import { Finding, Graph } from '../api/types';
import { Part } from '../canvas/drawer';
import {
  Button,
  Chip,
  Choice,
  FindingRow,
  IconButton,
  placeOf
} from '../elements';
import { RunLine } from '../pipelines/log';
import { Parameters } from '../pipelines/parameters';
import { hasFailed } from '../runs/words';
import { Taken, takenIn, wordsOf } from './file';
import { Member } from './model';
import type { Shown } from './page';

interface Props extends Shown {
  graph: Graph;
}

/** The list. */
export function Side(props: Props): React.JSX.Element {
  const { around, model, graph } = props;
  const { trans } = around;
  return (
    <aside
      className="jp-mlops-drawer jp-mlops-members"
      aria-label={trans.__('Notebooks')}
    >
      <LastRun {...props} />
      {model.members.map(member => (
        <Notebook key={member.name} {...props} member={member} />
      ))}
      {graph.parameters.length > 0 && (
        <section>
          <Parameters
            parameters={graph.parameters}
            values={model.values}
            onChange={(name, text) => model.setValue(name, text)}
            trans={trans}
          />
        </section>
      )}
    </aside>
  );
}

/** How the last run went, and the ways on from where it stopped. */
function LastRun({ around, model }: Shown): React.JSX.Element | null {
  const { trans } = around;
  const run = model.last?.run;
  if (!run) {
    return null;
  }
  const isStopped = run.status === 'killed' || hasFailed(run.status);
  return (
    <section>
      <div className="jp-mlops-line">
        <RunLine
          run={run}
          onOpen={id => around.open({ id, name: run.name })}
          trans={trans}
        />
      </div>
      {isStopped && <pre role="alert">{run.reason}</pre>}
      {isStopped && model.last?.resumable && (
        <div className="jp-mlops-line">
          <Button
            icon="run"
            label={trans.__('Resume')}
            title={trans.__('Go on where the run was stopped')}
            onClick={() => void model.run(run.id)}
          />
          {model.last.failed && (
            <Button
              icon="kernel"
              label={trans.__('Open at Failure')}
              title={trans.__(
                'A notebook of the step that failed, with its inputs loaded'
              )}
              onClick={() => void model.debug(run.id)}
            />
          )}
        </div>
      )}
    </section>
  );
}

/** One notebook. */
function Notebook(props: Props & { member: Member }): React.JSX.Element {
  const { around, model, graph, member } = props;
  const { trans } = around;
  const [isTaking, setTaking] = React.useState(false);
  const steps = graph.steps.filter(
    ({ name }) => model.memberOf(name) === member
  );
  const findings = graph.findings.filter(
    one => one.notebook === member.name && one.severity !== 'note'
  );
  const others = model.members.filter(one => one !== member);
  return (
    <Part
      title={PathExt.basename(member.notebook)}
      hint={trans._n('%1 step', '%1 steps', steps.length)}
      action={
        <>
          {others.length > 0 && (
            <IconButton
              icon="plus"
              label={trans.__('Take from another notebook')}
              pressed={isTaking}
              onClick={() => setTaking(!isTaking)}
            />
          )}
          <button
            className="jp-mlops-link"
            onClick={() => void around.openAt(member.notebook, '')}
          >
            {trans.__('Open')}
          </button>
        </>
      }
    >
      <Takes {...props} />
      {isTaking && (
        <Taking
          {...props}
          others={others}
          onDone={value => {
            setTaking(false);
            void model.take(member, value);
          }}
        />
      )}
      <Wrong {...props} findings={findings} />
    </Part>
  );
}

/** What it takes, and from which notebook. */
function Takes({
  around,
  model,
  member
}: Shown & { member: Member }): React.JSX.Element | null {
  const { trans } = around;
  const taken = takenIn(member.takes);
  const sources = [...new Set(taken.map(({ source }) => source))];
  return sources.length === 0 ? null : (
    <>
      {sources.map(source => (
        <div key={source} className="jp-mlops-takes">
          <span className="jp-mlops-hint">{trans.__('from %1', source)}</span>
          {taken
            .filter(one => one.source === source)
            .map(one => (
              <Chip
                key={one.here}
                text={wordsOf(one)}
                remove={trans.__('Do not take %1', one.there)}
                onRemove={() => void model.leave(member, one)}
              />
            ))}
        </div>
      ))}
    </>
  );
}

/** What is wrong in a notebook: a click goes to the cell. */
function Wrong(
  props: Shown & { member: Member; findings: readonly Finding[] }
): React.JSX.Element | null {
  const { around, member, findings } = props;
  return findings.length === 0 ? null : (
    <ul className="jp-mlops-findings">
      {findings.map((found, place) => (
        <FindingRow
          key={place}
          found={{ ...found, fixes: [] }}
          onFix={() => undefined}
          place={
            <button
              className="jp-mlops-link"
              onClick={() => void around.openAt(member.notebook, found.cell_id)}
            >
              {placeOf(found, around.trans)}
            </button>
          }
        />
      ))}
    </ul>
  );
}

/** The form of what a notebook takes: from which one, which name, and what it is called here. */
function Taking(
  props: Props & {
    others: readonly Member[];
    onDone: (value: Taken) => void;
  }
): React.JSX.Element {
  const { around, graph, model, others, onDone } = props;
  const { trans } = around;
  const [source, setSource] = React.useState(others[0]?.name ?? '');
  const [name, setName] = React.useState('');
  const [own, setOwn] = React.useState('');
  const given = graph.steps
    .filter(step => model.memberOf(step.name)?.name === source)
    .flatMap(({ outputs }) => outputs);
  return (
    <form
      className="jp-mlops-form jp-mlops-taking"
      onSubmit={event => {
        event.preventDefault();
        onDone({ source, there: name, here: own || name });
      }}
    >
      <label>
        <span>{trans.__('From')}</span>
        <Choice
          label={trans.__('From')}
          value={source}
          values={others.map(other => other.name)}
          onChange={setSource}
        />
      </label>
      <NameField
        label={trans.__('Name')}
        value={name}
        known={given}
        onChange={setName}
      />
      <NameField
        label={trans.__('Called here')}
        value={own}
        usual={name}
        onChange={setOwn}
      />
      <button className="jp-mod-styled jp-mod-accept" type="submit">
        {trans.__('Take')}
      </button>
    </form>
  );
}

/** A field for a name of Python; `usual` stands for an empty one. */
function NameField(props: {
  label: string;
  value: string;
  known?: readonly string[];
  usual?: string;
  onChange: (text: string) => void;
}): React.JSX.Element {
  const list = React.useId();
  return (
    <label>
      <span>{props.label}</span>
      <input
        className="jp-mod-styled"
        list={list}
        required={props.usual === undefined}
        autoFocus={props.usual === undefined}
        placeholder={props.usual}
        pattern="[^\W\d]\w*"
        value={props.value}
        onChange={event => props.onChange(event.target.value)}
      />
      <datalist id={list}>
        {[...new Set(props.known)].map(one => (
          <option key={one} value={one} />
        ))}
      </datalist>
    </label>
  );
}
