/** The graph of a pipeline, drawn; loaded when it is first seen. */

import { TranslationBundle } from '@jupyterlab/translation';
import {
  Background,
  BaseEdge,
  Edge,
  EdgeProps,
  MarkerType,
  Node,
  ReactFlow,
  ReactFlowInstance
} from '@xyflow/react';
import '@xyflow/react/dist/style.css';
import * as React from 'react';

import { Graph, StepState } from '../api/types';
import { hueAt } from '../runs/marked';
import { markOf, seconds } from '../runs/words';
import { labelOf, pathOf, Place, planOf, SMALL, Way } from './layout';

const FIT = { padding: 0.08, maxZoom: 1.2 };

/** What the picture shows and does. `states` are those of the last run. */
export interface Props {
  graph: Graph;
  states: readonly StepState[];
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
  states: Props['states'],
  trans: TranslationBundle
): Node[] {
  return places.map(({ name, x, y }, place) => {
    const state = states.find(found => found.name === name);
    const label = (
      <span title={told(name, state)}>
        {state && `${markOf(state.status)} `}
        {name}
        <small> {tookOf(state, trans)}</small>
      </span>
    );
    return {
      id: name,
      position: { x, y },
      width: SMALL.width,
      height: SMALL.height,
      data: { label },
      ariaLabel: told(name, state),
      className: `jp-mlops-node jp-mod-${state?.status ?? 'none'}`,
      style: { ['--jp-mlops-hue' as string]: `var(${hueAt(place)})` },
      draggable: false,
      connectable: false
    };
  });
}

/** An edge on the way that the layout has found for it. */
function LaidEdge(props: EdgeProps): React.JSX.Element {
  const { points, label } = props.data as unknown as Way;
  return (
    <BaseEdge
      id={props.id}
      path={pathOf(points)}
      markerEnd={props.markerEnd}
      label={props.label}
      labelX={label.x}
      labelY={label.y}
    />
  );
}

const EDGES = { laid: LaidEdge };

function edgesOf(graph: Graph, ways: readonly Way[]): Edge[] {
  return graph.edges.map(({ from, to, names, reasons }, place) => ({
    id: `${from} ${to}`,
    type: 'laid',
    data: { ...ways[place] },
    source: from,
    target: to,
    label: labelOf(names, reasons),
    markerEnd: { type: MarkerType.ArrowClosed },
    ariaLabel: `${from} → ${to}: ${[...names, ...reasons].join(', ')}`
  }));
}

/** Most changes of a notebook leave its graph as it is, and then nothing is laid out anew. */
function useLayout(
  graph: Graph,
  states: Props['states'],
  trans: TranslationBundle
): [Node[], Edge[]] {
  const shape = JSON.stringify([graph.steps.map(s => s.name), graph.edges]);
  const { places, ways } = React.useMemo(() => planOf(graph), [shape]);
  const nodes = React.useMemo(
    () => nodesOf(places, states, trans),
    [places, states]
  );
  const edges = React.useMemo(() => edgesOf(graph, ways), [ways]);
  return [nodes, edges];
}

/** The picture. */
export default function Picture(props: Props): React.JSX.Element {
  const { graph, states, onOpen, trans } = props;
  const [nodes, edges] = useLayout(graph, states, trans);
  const host = React.useRef<HTMLDivElement>(null);
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
  }, [steps]);
  return (
    <div
      ref={host}
      className="jp-mlops-picture"
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
        minZoom={0.1}
        maxZoom={1.2}
        nodesConnectable={false}
        elementsSelectable={false}
        edgesFocusable={false}
        proOptions={{ hideAttribution: true }}
        onNodeClick={(_, node) => onOpen(node.id)}
      >
        <Background />
      </ReactFlow>
    </div>
  );
}
