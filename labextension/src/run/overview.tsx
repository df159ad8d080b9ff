/** What a run was given, what people say of it, and how it went. */

import * as React from 'react';

import { paramsOf } from '../runs/columns';
import { Button, Card, IconButton, ProblemBox } from '../elements';
import { automaticOf } from '../runs/automatic';
import { hasFailed, isOpen } from '../runs/words';
import { RunCharts, Shown } from './page';
import { Figures } from './figures';
import { GateCard } from './gate';
import { LogCard } from './logs';
import { Note } from './note';
import { Pairs } from './pairs';
import { PipelineCards } from './pipeline';
import { Provenance } from './provenance';
import { Tags } from './tags';

/** The first tab. */
export function Overview(
  props: Shown & { onTab: (tab: string) => void }
): React.JSX.Element {
  const { found, model } = props;
  return (
    <>
      {hasFailed(found.status) && found.reason !== '' && <Failure {...props} />}
      <div className="jp-mlops-columns-2">
        <div>
          <Parameters {...props} />
          <Note {...props} />
          <Tags {...props} />
          <Provenance {...props} />
        </div>
        <div>
          {found.kind === 'pipeline' && <PipelineCards {...props} />}
          {found.kind !== 'pipeline' && <RunCharts {...props} />}
          {found.kind !== 'pipeline' && model.short && (
            <Figures
              around={props.around}
              runs={[model.short]}
              isOver={!isOpen(found.status)}
            />
          )}
          {model.made.map(made => (
            <GateCard
              key={`${made.model} ${made.version.version}`}
              made={made}
              trans={props.around.trans}
            />
          ))}
          {found.kind !== 'sweep' && <LogCard {...props} />}
        </div>
      </div>
    </>
  );
}

/** What went wrong, and the ways on from there. */
function Failure({ around, model, found }: Shown): React.JSX.Element {
  const { trans } = around;
  const failed = found.children.filter(child => hasFailed(child.status));
  const own = found.kind === 'step' && found.parent !== '' ? found.name : '';
  const step = failed[0]?.name ?? own;
  const message =
    failed.map(child => `${child.name}: ${child.reason}`).join('\n') ||
    found.reason;
  return (
    <ProblemBox problem={{ message, hint: '' }}>
      <div className="jp-mlops-line">
        {step !== '' && (
          <Button
            accept
            label={trans.__('Open at Failure')}
            title={trans.__('The failing cell, with its inputs loaded')}
            onClick={() => void model.openKernel(around.openAt, step)}
          />
        )}
        {model.canResume && (
          <Button
            icon="run"
            label={trans.__('Resume')}
            title={trans.__('Go on from the step that failed')}
            onClick={() => void model.resume(around.open)}
          />
        )}
      </div>
    </ProblemBox>
  );
}

/** Params, with what the baseline has instead. */
function Params(props: {
  pairs: readonly (readonly [name: string, value: string])[];
  before: Readonly<Record<string, string>>;
  trans: Shown['around']['trans'];
}): React.JSX.Element {
  const { pairs, before, trans } = props;
  return (
    <Pairs
      pairs={pairs.map(([name, value]) => ({
        name,
        value,
        was: before[name] === value ? undefined : before[name]
      }))}
      trans={trans}
    />
  );
}

/** All effective parameters: those set by hand first, then the defaults, folded. */
function Parameters({ around, model, found }: Shown): React.JSX.Element {
  const { trans } = around;
  const { graph, baseline } = model;
  const before = baseline ? paramsOf(baseline) : {};
  const all = Object.entries(found.params);
  const automatic = new Set(automaticOf(found.facts).params);
  const given = all.filter(([name]) => !automatic.has(name));
  const seen = all.filter(([name]) => automatic.has(name));
  const defaults = (graph?.parameters ?? [])
    .filter(parameter => !(parameter.name in found.params))
    .map((parameter): [string, string] => [
      parameter.name,
      parameter.secret ? trans.__('secret') : JSON.stringify(parameter.default)
    ]);
  return (
    <Card
      title={trans.__('Parameters')}
      hint={
        given.length > 0
          ? trans.__('%1 set by hand', given.length)
          : trans.__('all as declared')
      }
      actions={all.length > 0 && <Copy pairs={all} trans={trans} />}
    >
      <Params pairs={given} before={before} trans={trans} />
      {given.length === 0 && defaults.length === 0 && (
        <p className="jp-mlops-hint">{trans.__('None')}</p>
      )}
      {seen.length > 0 && (
        <details>
          <summary>
            {trans.__('%1 recorded automatically', seen.length)}
          </summary>
          <Params pairs={seen} before={before} trans={trans} />
        </details>
      )}
      {defaults.length > 0 && (
        <details open={given.length === 0}>
          <summary>
            {trans._n('%1 default', '%1 defaults', defaults.length)}
          </summary>
          <Pairs
            pairs={defaults.map(([name, value]) => ({ name, value }))}
            trans={trans}
          />
        </details>
      )}
    </Card>
  );
}

/** Puts parameters into the clipboard, as a cell takes them. */
function Copy(props: {
  pairs: readonly (readonly [name: string, value: string])[];
  trans: Shown['around']['trans'];
}): React.JSX.Element {
  const text = props.pairs.map(([name, value]) => `${name} = ${value}`);
  return (
    <IconButton
      icon="copy"
      label={props.trans.__('Copy Parameters')}
      onClick={() => void navigator.clipboard.writeText(text.join('\n'))}
    />
  );
}
