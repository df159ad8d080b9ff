/** The graph of a pipeline, drawn; loaded when it is first seen. */

import { TranslationBundle } from '@jupyterlab/translation';
import {
  BaseEdge,
  Edge,
  EdgeProps,
  Node,
  ReactFlow,
  ReactFlowInstance
} from '@xyflow/react';
import '@xyflow/react/dist/style.css';
import * as React from 'react';

import { Graph, StepState } from '../api/types';
import { State, useWidth } from '../elements';
import { hueAt } from '../runs/marked';
import { seconds, stateOfStep } from '../runs/words';
import { Measures, pathOf, Place, planOf, SMALL, smallIn, Way } from './layout';

const FIT = { padding: '8px', maxZoom: 1 } as const;
const LEGIBLE = 0.84; // the zoom at which text of 13 pixels is still one of 11
const MOST = 420; // pixels of height
const USUAL = 240; // pixels of width, until it is known
const MARGIN = 16; // pixels at both sides together

/** What the picture shows and does. `states` are those of the last run. */
export interface Props {
  graph: Graph;
  states: readonly StepState[];
  /** The step that is marked. */
  chosen?: string;
  onOpen: (step: string) => void;
  trans: TranslationBundle;
}

/** What hovering over a step tells: its state, and what it made, with types and sizes. */
export function told(name: string, state: StepState | undefined): string {
  if (state === undefined) {
    return name;
  }
  const values = Object.entries(state.values).map(
    ([value, about]) => `  ${value}: ${about || '?'}`
  );
  const took = state.duration === null ? '' : ` ${seconds(state.duration)}`;
  return [
    `${name}: ${state.status}${took}`,
    state.reason,
    state.skipped,
    ...values
  ]
    .filter(line => line !== '')
    .join('\n');
}

/** How long a step took, or why it took no time. */
export function tookOf(
  state: StepState | undefined,
  trans: TranslationBundle
): string {
  if (state?.cached) {
    return trans.__('cached');
  }
  if (state?.skipped) {
    return trans.__('skipped');
  }
  return typeof state?.duration === 'number' ? seconds(state.duration) : '';
}

function nodesOf(
  places: readonly Place[],
  { width, height }: Measures,
  { states, chosen, trans }: Props
): Node[] {
  return places.map(({ name, x, y }, place) => {
    const state = states.find(found => found.name === name);
    const label = (
      <span title={told(name, state)}>
        {state && <State {...stateOfStep(state, trans)} />}
        <span>{name}</span>
        <small>{tookOf(state, trans)}</small>
      </span>
    );
    return {
      id: name,
      position: { x, y },
      width,
      height,
      data: { label },
      ariaLabel: told(name, state),
      className: `jp-mlops-node jp-mod-${state?.status ?? 'none'}${name === chosen ? ' jp-mod-chosen' : ''}${height > SMALL.height ? ' jp-mod-two-lines' : ''}`,
      style: { ['--jp-mlops-hue' as string]: `var(${hueAt(place)})` },
      draggable: false,
      connectable: false
    };
  });
}

/** An edge on the way that the layout has found for it. */
function LaidEdge(props: EdgeProps): React.JSX.Element {
  const { points } = props.data as unknown as Way;
  return <BaseEdge id={props.id} path={pathOf(points)} />;
}

const EDGES = { laid: LaidEdge };

function edgesOf(graph: Graph, ways: readonly Way[]): Edge[] {
  const told = new Map(
    graph.edges.map(({ from, to, names, reasons }) => [
      `${from} ${to}`,
      [...names, ...reasons].join(', ')
    ])
  );
  return ways.map(way => ({
    id: `${way.from} ${way.to}`,
    type: 'laid',
    data: { ...way },
    source: way.from,
    target: way.to,
    ariaLabel: `${way.from} → ${way.to}: ${told.get(`${way.from} ${way.to}`) ?? ''}`
  }));
}

/** Most changes of a notebook leave its graph as it is, and then nothing is laid out anew. */
function useLayout(props: Props, room: number): [Node[], Edge[], number] {
  const { graph, states, chosen, trans } = props;
  const shape = JSON.stringify([graph.steps.map(s => s.name), graph.edges]);
  const measures = React.useMemo(() => {
    const stateOf = new Map(states.map(state => [state.name, state]));
    return smallIn(graph, room, step => tookOf(stateOf.get(step), trans));
  }, [shape, states, room]);
  const { width, height: each } = measures;
  const { places, ways } = React.useMemo(
    () => planOf(graph, measures),
    [shape, width, each]
  );
  const nodes = React.useMemo(
    () => nodesOf(places, measures, props),
    [places, states, chosen]
  );
  const edges = React.useMemo(() => edgesOf(graph, ways), [ways]);
  const height = Math.max(...places.map(({ y }) => y + each), 0) + 24;
  return [nodes, edges, Math.min(height, MOST)];
}

/** The picture, as high as it needs; where its text would be too small to be read, steps are bars of color. */
export default function Picture(props: Props): React.JSX.Element {
  const { graph, onOpen, trans } = props;
  const [host, room] = useWidth<HTMLDivElement>(USUAL);
  const [nodes, edges, height] = useLayout(props, room - MARGIN);
  const [isLegible, setLegible] = React.useState(true);
  const flow = React.useRef<ReactFlowInstance | null>(null);
  const steps = graph.steps.map(step => step.name).join(' ');
  React.useEffect(() => {
    const fit = (): void => void flow.current?.fitView(FIT);
    const observer = new ResizeObserver(fit);
    if (host.current !== null) {
      observer.observe(host.current);
    }
    const timer = window.setTimeout(fit, 50); // once the new nodes are measured
    return () => {
      window.clearTimeout(timer);
      observer.disconnect();
    };
  }, [steps, nodes[0]?.width, height]);
  return (
    <div
      ref={host}
      className="jp-mlops-picture"
      style={{ height }}
      data-legible={isLegible}
      role="group"
      aria-label={trans.__('Graph')}
      onKeyDown={event => {
        const node = (event.target as HTMLElement).closest<HTMLElement>(
          '.react-flow__node'
        );
        if (event.key === 'Enter' && node?.dataset.id) {
          onOpen(node.dataset.id);
        }
      }}
    >
      <ReactFlow
        nodes={nodes}
        edges={edges}
        edgeTypes={EDGES}
        onInit={instance => {
          flow.current = instance;
          void instance.fitView(FIT);
        }}
        onMove={(_, { zoom }) => setLegible(zoom >= LEGIBLE)}
        minZoom={0.1}
        maxZoom={1}
        zoomOnScroll={false}
        preventScrolling={false}
        nodesConnectable={false}
        elementsSelectable={false}
        edgesFocusable={false}
        proOptions={{ hideAttribution: true }}
        onNodeClick={(_, node) => onOpen(node.id)}
      />
    </div>
  );
}
