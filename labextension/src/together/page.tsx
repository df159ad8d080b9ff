/** The page of several notebooks: their steps as one graph, a room for each notebook, and what crosses between them. */

import { PathExt } from '@jupyterlab/coreutils';
import * as React from 'react';

import { Graph } from '../api/types';
import { firstFound, save, usePlan } from '../canvas/page';
import { Graphic } from '../canvas/graphic';
import { View, Viewing } from '../canvas/toolbar';
import { Button, Entry, IconButton, Menu } from '../elements';
import { useAwake } from '../pages/awake';
import { PageProblem } from '../pages/missing';
import { Sight } from '../pages/page';
import { Surroundings } from '../pages/surroundings';
import { Measures } from '../pipelines/layout';
import { isOpen } from '../runs/words';
import { StepDrawer } from './drawer';
import { useDropped } from './dropping';
import { TogetherModel } from './model';
import { Side } from './side';

interface Props {
  around: Surroundings;
  sight: Sight;
  path: string;
}

/** What the parts of the page are given. */
export interface Shown {
  around: Surroundings;
  model: TogetherModel;
}

/** The page. */
export default function TogetherPage(props: Props): React.JSX.Element {
  const { around, sight, path } = props;
  const model = React.useMemo(() => new TogetherModel(around, path), [path]);
  useAwake(around, sight, model);
  const { trans } = around;
  return (
    <div className="jp-mlops-canvas">
      <PageProblem
        around={around}
        problem={model.problem}
        what={trans.__('There is no %1', path)}
      />
      {model.graph ? (
        <Body around={around} model={model} graph={model.graph} />
      ) : (
        !model.problem?.isMissing && (
          <div className="jp-mlops-empty">
            <p>{trans.__('%1 names the notebooks of a pipeline.', path)}</p>
            <Button
              label={trans.__('Edit File')}
              onClick={() => around.openFile(path)}
            />
          </div>
        )
      )}
    </div>
  );
}

interface WithGraph extends Shown {
  graph: Graph;
}

function Body(props: WithGraph): React.JSX.Element {
  const { around, model, graph } = props;
  const { trans } = around;
  const [way, setWay] = React.useState<Measures['way']>('TB');
  const [words, setWords] = React.useState('');
  const [selected, setSelected] = React.useState<readonly string[]>([]);
  const host = React.useRef<HTMLDivElement>(null);
  const [plan, measures] = usePlan(graph, way);
  const isOver = useDropped(host, paths => void model.add(paths));
  const step = graph.steps.find(({ name }) => name === selected[0]);
  return (
    <>
      <Toolbar
        {...props}
        way={way}
        onWay={setWay}
        words={words}
        onWords={setWords}
        onFind={() => setSelected(firstFound(graph, words))}
        onSave={kind => {
          if (host.current !== null && plan !== null) {
            void save(kind, graph, plan, measures, host.current, trans);
          }
        }}
      />
      <div
        className="jp-mlops-canvas-body"
        ref={host}
        data-over={isOver}
        data-drop={trans.__('Drop to add the notebook')}
      >
        {plan && (
          <Graphic
            graph={graph}
            plan={plan}
            way={way}
            words={words}
            chosen={step ? [step.name] : []}
            onChoose={names => setSelected(names.slice(-1))}
            last={model.last}
            trans={trans}
          />
        )}
        {step ? (
          <StepDrawer
            key={step.name}
            {...props}
            step={step}
            onClose={() => setSelected([])}
          />
        ) : (
          <Side {...props} />
        )}
      </div>
    </>
  );
}

/** What can be done with all of them, and how they are drawn. */
function Toolbar(props: WithGraph & Viewing): React.JSX.Element {
  const { around, model } = props;
  const { trans } = around;
  return (
    <div className="jp-mlops-toolbar">
      <Running {...props} />
      <Button
        icon="check"
        label={trans.__('Check')}
        title={trans.__('Find what would fail, without running anything')}
        onClick={() => void model.check(true)}
      />
      <Menu
        label={trans.__('Add Notebook')}
        icon="plus"
        entries={additions(props)}
      />
      <Button
        icon="edit"
        label={trans.__('Edit File')}
        title={model.path}
        onClick={() => around.openFile(model.path)}
      />
      <Said {...props} />
      <span className="jp-mlops-gap" />
      <View {...props} trans={trans} />
      <IconButton
        icon="link"
        label={trans.__('Copy Link')}
        onClick={() => around.copyLink({ kind: 'notebooks', path: model.path })}
      />
    </div>
  );
}

/** The notebooks that are open and not in the file yet. */
function additions({ around, model }: Shown): Entry[] {
  const known = model.members.map(({ notebook }) => notebook);
  const open: string[] = [];
  around.tracker.forEach(({ context }) => {
    if (!known.includes(context.path)) {
      open.push(context.path);
    }
  });
  return open.length > 0
    ? open.map(path => ({
        label: PathExt.basename(path),
        act: () => void model.add([path])
      }))
    : [
        {
          label: around.trans.__('Drag one here from the file browser'),
          act: () => undefined
        }
      ];
}

/** Runs all, or stops the run. */
function Running({ around, model, graph }: WithGraph): React.JSX.Element {
  const { trans } = around;
  const run = model.last?.run;
  const hasErrors = graph.findings.some(one => one.severity === 'error');
  return run && isOpen(run.status) ? (
    <Button
      label={trans.__('Cancel')}
      onClick={() => void model.cancel(run.id)}
    />
  ) : (
    <Button
      icon="run"
      label={trans.__('Run')}
      title={
        hasErrors
          ? trans.__('The errors come first')
          : trans.__('Run the notebooks headless, in the background')
      }
      disabled={hasErrors}
      accept
      onClick={() => void model.run()}
    />
  );
}

/** What was done last, with the way on. */
function Said({ around, model }: Shown): React.JSX.Element {
  const { trans } = around;
  const { text, run } = model.deed;
  return (
    <span className="jp-mlops-line jp-mlops-said">
      <span role="status" title={text}>
        {text}
      </span>
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
