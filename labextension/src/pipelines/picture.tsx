/** The graph of a pipeline, drawn; loaded when it is first seen. */

import { TranslationBundle } from '@jupyterlab/translation';
import { Background, Edge, MarkerType, Node, ReactFlow } from '@xyflow/react';
import '@xyflow/react/dist/style.css';
import * as React from 'react';

import { Graph, Status } from '../api/types';
import { markOf } from '../runs/words';
import { hueOf } from '../steps/roles';
import { HEIGHT, labelOf, placesOf, WIDTH } from './layout';

/** What the picture shows and does. `states` are those of the last run, by step. */
export interface Props {
  graph: Graph;
  states: Readonly<Record<string, Status>>;
  onOpen: (step: string) => void;
  trans: TranslationBundle;
}

function nodesOf(graph: Graph, states: Props['states']): Node[] {
  return placesOf(graph).map(({ name, x, y }) => {
    const state = states[name];
    return {
      id: name,
      position: { x, y },
      width: WIDTH,
      height: HEIGHT,
      data: { label: state ? `${markOf(state)} ${name}` : name },
      className: `jp-mlops-node jp-mlops-hue-${hueOf(name)} jp-mod-${state ?? 'none'}`,
      draggable: false,
      connectable: false
    };
  });
}

function edgesOf(graph: Graph): Edge[] {
  return graph.edges.map(({ from, to, names, reasons }) => ({
    id: `${from} ${to}`,
    source: from,
    target: to,
    label: labelOf(names, reasons),
    markerEnd: { type: MarkerType.ArrowClosed },
    ariaLabel: `${from} → ${to}: ${[...names, ...reasons].join(', ')}`
  }));
}

/** The picture. */
export default function Picture(props: Props): React.JSX.Element {
  const { graph, states, onOpen, trans } = props;
  const nodes = React.useMemo(() => nodesOf(graph, states), [graph, states]);
  const edges = React.useMemo(() => edgesOf(graph), [graph]);
  return (
    <div className="jp-mlops-picture" aria-label={trans.__('Graph')}>
      <ReactFlow
        key={graph.steps.map(step => step.name).join(' ')}
        nodes={nodes}
        edges={edges}
        fitView
        minZoom={0.1}
        maxZoom={1.2}
        nodesConnectable={false}
        elementsSelectable={false}
        proOptions={{ hideAttribution: true }}
        onNodeClick={(_, node) => onOpen(node.id)}
      >
        <Background />
      </ReactFlow>
    </div>
  );
}
