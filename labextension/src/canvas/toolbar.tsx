/** What can be done with the pipeline, what was found in it, and how it is drawn. */

import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Graph } from '../api/types';
import { Button, Icon, Menu, Segments } from '../elements';
import { Measures } from '../pipelines/layout';
import { Editing } from './commands';
import type { Shown } from './page';

/** How a graph is drawn, what is looked for in it, and who saves its picture. */
export interface Viewing {
  way: Measures['way'];
  onWay: (way: Measures['way']) => void;
  words: string;
  onWords: (words: string) => void;
  onFind: () => void;
  onSave: (kind: 'svg' | 'png') => void;
}

interface Props extends Shown, Viewing {
  graph: Graph;
  chosen: readonly string[];
  editing: Editing;
}

/** The toolbar. */
export function Toolbar(props: Props): React.JSX.Element {
  const { around, model, graph, chosen, editing } = props;
  const { trans } = around;
  const errors = graph.findings.filter(one => one.severity === 'error');
  const why =
    graph.steps.length === 0
      ? trans.__('No cell is in a step yet')
      : errors.length > 0
        ? trans.__('The errors come first')
        : undefined;
  return (
    <div className="jp-mlops-toolbar">
      <Button
        icon="run"
        label={trans.__('Run')}
        title={why ?? trans.__('Run it headless, in the background')}
        disabled={why !== undefined}
        accept
        onClick={() => void model.run()}
      />
      <Button
        icon="check"
        label={trans.__('Check')}
        title={trans.__('Find what would fail, without running anything')}
        onClick={() => model.check(trans)}
      />
      {chosen.length > 1 && (
        <Button
          label={trans.__('Merge %1 Steps', chosen.length)}
          title={trans.__('Put their cells into one step')}
          onClick={() => editing.merge(chosen)}
        />
      )}
      <Said {...props} />
      <span className="jp-mlops-gap" />
      <View {...props} trans={trans} />
    </div>
  );
}

/** How it is drawn, what is looked for, and pictures of it. */
export function View(
  props: Viewing & { trans: TranslationBundle }
): React.JSX.Element {
  const { trans } = props;
  return (
    <>
      <Segments
        label={trans.__('Direction')}
        value={props.way}
        options={[
          ['TB', trans.__('Vertical')],
          ['LR', trans.__('Horizontal')]
        ]}
        onChange={props.onWay}
      />
      <form
        className="jp-mlops-find"
        role="search"
        onSubmit={event => {
          event.preventDefault();
          props.onFind();
        }}
      >
        <Icon name="search" />
        <input
          type="search"
          aria-label={trans.__('Step or name')}
          placeholder={trans.__('Step or name')}
          value={props.words}
          onChange={event => props.onWords(event.target.value)}
        />
      </form>
      <Menu
        label={trans.__('Export')}
        icon="down"
        entries={[
          { label: trans.__('As SVG'), act: () => props.onSave('svg') },
          { label: trans.__('As PNG'), act: () => props.onSave('png') }
        ]}
      />
    </>
  );
}

/** What was done or found last, with the way back or on. */
function Said({ around, model, graph }: Props): React.JSX.Element {
  const { trans } = around;
  const { text, run, undo } = model.deed;
  const wrong = graph.findings.find(one => one.severity !== 'note');
  return (
    <span className="jp-mlops-line jp-mlops-said">
      {(text === '' || wrong?.severity === 'error') && wrong && (
        <>
          <Icon name="warning" />
          <span title={wrong.hint}>{wrong.message}</span>
        </>
      )}
      <span role="status" title={text}>
        {text}
      </span>
      {undo && (
        <button className="jp-mlops-link" onClick={undo}>
          {trans.__('Undo')}
        </button>
      )}
      {run && (
        <button
          className="jp-mlops-link"
          onClick={() => around.open({ id: run, name: '' })}
        >
          {trans.__('Show it')}
        </button>
      )}
    </span>
  );
}
