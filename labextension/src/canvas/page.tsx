/** The page of a pipeline: its steps in large, to be looked at, arranged and edited, and one of them in a drawer. */

import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Graph } from '../api/types';
import { Button, ProblemBox } from '../elements';
import { useAwake } from '../pages/awake';
import { Sight } from '../pages/page';
import { Surroundings } from '../pages/surroundings';
import { Measures, Plan, planOf } from '../pipelines/layout';
import { download } from '../runs/saving';
import { Drawer } from './drawer';
import { useEditing } from './commands';
import { Graphic } from './graphic';
import { CanvasModel } from './model';
import { factsOf, isFound, LARGE } from './nodes';
import { looksOf, pngOf, svgOf } from './saving';
import { Toolbar } from './toolbar';

interface Props {
  around: Surroundings;
  sight: Sight;
  path: string;
}

/** The page. */
export default function CanvasPage(props: Props): React.JSX.Element {
  const { around, sight, path } = props;
  const { trans } = around;
  const model = React.useMemo(() => new CanvasModel(around, path), [path]);
  useAwake(around, sight, model);
  const isGone = model.panel === null && model.problem?.isMissing === true;
  return (
    <div className="jp-mlops-canvas">
      {!isGone && <ProblemBox problem={model.problem} />}
      {isGone ? (
        <div className="jp-mlops-empty" role="alert">
          <h2>{trans.__('There is no notebook %1', path)}</h2>
          <p>{trans.__('It was moved, renamed or deleted.')}</p>
        </div>
      ) : model.panel === null ? (
        <div className="jp-mlops-empty">
          <p>{trans.__('Open %1 to see its pipeline.', path)}</p>
          <Button
            label={trans.__('Open Notebook')}
            onClick={() => void around.openAt(path, '')}
          />
        </div>
      ) : (
        model.graph && <Body around={around} model={model} />
      )}
    </div>
  );
}

/** Gives the browser the graph as a file. */
export async function save(
  kind: 'svg' | 'png',
  graph: Graph,
  plan: Plan,
  measures: Measures,
  host: Element,
  trans: TranslationBundle
): Promise<void> {
  const facts = Object.fromEntries(
    graph.steps.map(step => [step.name, factsOf(step, trans)])
  );
  const svg = svgOf(graph, plan, measures, looksOf(host), facts);
  download(
    `${graph.pipeline}.${kind}`,
    kind === 'svg'
      ? new Blob([svg], { type: 'image/svg+xml' })
      : await pngOf(svg)
  );
}

/** Where the steps stand: laid out anew only if the graph or its direction has changed. */
export function usePlan(
  graph: Graph | null,
  way: Measures['way']
): [Plan | null, Measures] {
  const shape = JSON.stringify([
    graph?.steps.map(step => step.name),
    graph?.edges
  ]);
  const measures = React.useMemo(() => ({ ...LARGE, way }), [way]);
  const plan = React.useMemo(
    () => graph && planOf(graph, measures),
    [shape, measures]
  );
  return [plan, measures];
}

/** What the parts of the page are given. */
export interface Shown {
  around: Surroundings;
  model: CanvasModel;
}

/** The first step that is found by what is looked for. */
export function firstFound(graph: Graph, words: string): string[] {
  const found = graph.steps.filter(step => isFound(step, words));
  return found.slice(0, 1).map(step => step.name);
}

function Body({ around, model }: Shown): React.JSX.Element | null {
  const [way, setWay] = React.useState<Measures['way']>('TB');
  const [words, setWords] = React.useState('');
  const [selected, setSelected] = React.useState<readonly string[]>([]);
  const host = React.useRef<HTMLDivElement>(null);
  const { graph } = model;
  const [plan, measures] = usePlan(graph, way);
  const names = graph?.steps.map(step => step.name) ?? [];
  const chosen = selected.filter(name => names.includes(name));
  const editing = useEditing({ around, model }, setSelected);
  if (graph === null || plan === null) {
    return null;
  }
  const [only] = chosen;
  return (
    <>
      <Toolbar
        around={around}
        model={model}
        graph={graph}
        chosen={chosen}
        editing={editing}
        way={way}
        onWay={setWay}
        words={words}
        onWords={setWords}
        onFind={() => setSelected(firstFound(graph, words))}
        onSave={kind => {
          if (host.current !== null) {
            void save(kind, graph, plan, measures, host.current, around.trans);
          }
        }}
      />
      <div className="jp-mlops-canvas-body" ref={host}>
        <Graphic
          graph={graph}
          plan={plan}
          way={way}
          words={words}
          chosen={chosen}
          onChoose={setSelected}
          last={model.last}
          editing={editing}
          trans={around.trans}
        />
        {only !== undefined && chosen.length === 1 && (
          <Drawer
            key={only}
            step={only}
            around={around}
            model={model}
            graph={graph}
            editing={editing}
            onClose={() => setSelected([])}
          />
        )}
      </div>
    </>
  );
}
