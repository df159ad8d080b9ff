/** The steps and edges of the canvas as the library that draws them takes them. */

import { TranslationBundle } from '@jupyterlab/translation';
import {
  BaseEdge,
  Edge,
  EdgeLabelRenderer,
  EdgeProps,
  Handle,
  MarkerType,
  Node,
  NodeProps,
  Position
} from '@xyflow/react';
import * as React from 'react';

import { Graph, StepState } from '../api/types';
import { Icon, State } from '../elements';
import {
  labelOf,
  Measures,
  pathOf,
  Plan,
  titleOf,
  Way
} from '../pipelines/layout';
import { tookOf } from '../pipelines/picture';
import { hueAt } from '../runs/marked';
import { stateOf } from '../runs/words';

/** The sizes of the canvas: its text is 12 and 13 pixels high. */
export const LARGE = { width: 192, height: 56, character: 7 } as const;

/** What is wrong with a step: the worst that was found in its cells. */
export type Fault = 'error' | 'hazard' | '';

/** What a step's box shows. */
interface Shown extends Record<string, unknown> {
  name: string;
  facts: string;
  hue: string;
  state: StepState | undefined;
  fault: Fault;
  told: string;
  isFaint: boolean;
  way: Measures['way'];
  trans: TranslationBundle;
}

export type StepNode = Node<Shown, 'step'>;
type RoomNode = Node<{ name: string } & Record<string, unknown>, 'room'>;
/** What stands on the canvas: steps, and the rooms of their notebooks where there are several. */
export type Standing = StepNode | RoomNode;

/** The worst finding of each step, and what it says. Pure. */
export function faultsOf(graph: Graph): Map<string, [Fault, string]> {
  const owner = new Map(
    graph.steps.flatMap(step =>
      step.cells.map((cell): [string, string] => [cell, step.name])
    )
  );
  const found = new Map<string, [Fault, string]>();
  for (const { severity, cell_id: cell, message } of graph.findings) {
    const step = owner.get(cell);
    if (step === undefined || severity === 'note') {
      continue;
    }
    if (severity === 'error' || !found.has(step)) {
      found.set(step, [severity, message]);
    }
  }
  return found;
}

/** What stands below the name of a step: its cells, and what it gives. */
export function factsOf(
  { cells, outputs }: Pick<Graph['steps'][number], 'cells' | 'outputs'>,
  trans: TranslationBundle
): string {
  const count = trans._n('%1 cell', '%1 cells', cells.length);
  const names =
    outputs.length > 2
      ? trans._n('%1 name', '%1 names', outputs.length)
      : outputs.join(', ');
  return names === '' ? count : `${count} · ${names}`;
}

/** Whether a step is found by what is looked for: its name, or a name that it reads or gives. */
export function isFound(
  step: Pick<Graph['steps'][number], 'name' | 'inputs' | 'outputs'>,
  words: string
): boolean {
  const wanted = words.trim().toLowerCase();
  return [step.name, ...step.inputs, ...step.outputs].some(name =>
    name.toLowerCase().includes(wanted)
  );
}

/** The boxes of all steps. */
export function nodesOf(
  graph: Graph,
  plan: Plan,
  shown: {
    stateOf: (step: string) => StepState | undefined;
    words: string;
    selected: ReadonlySet<string>;
    way: Measures['way'];
    trans: TranslationBundle;
  }
): StepNode[] {
  const faults = faultsOf(graph);
  const { trans, way, words } = shown;
  return plan.places.flatMap(({ name, x, y }, place) => {
    const step = graph.steps[place];
    if (step === undefined) {
      return [];
    }
    const [fault, told] = faults.get(name) ?? ['', ''];
    const state = shown.stateOf(name);
    const node: StepNode = {
      id: name,
      type: 'step',
      position: { x, y },
      width: LARGE.width,
      height: LARGE.height,
      selected: shown.selected.has(name),
      ariaLabel: [name, state && stateOf(state, trans).word, told]
        .filter(Boolean)
        .join(': '),
      data: {
        name: titleOf(name, plan),
        facts: factsOf(step, trans),
        hue: `var(${hueAt(place)})`,
        state,
        fault: fault as Fault,
        told,
        isFaint: words.trim() !== '' && !isFound(step, words),
        way,
        trans
      }
    };
    return [node];
  });
}

/** The rooms of the notebooks, behind their steps. */
export function roomsOf({ rooms }: Plan): RoomNode[] {
  return rooms.map(({ name, x, y, width, height }) => ({
    id: `${name} `, // no step is called so
    type: 'room',
    position: { x, y },
    width,
    height,
    zIndex: -1,
    draggable: false,
    selectable: false,
    focusable: false,
    data: { name }
  }));
}

/** The room of a notebook. */
function RoomBox({ data }: NodeProps<RoomNode>): React.JSX.Element {
  return <div className="jp-mlops-room">{data.name}</div>;
}

/** The box of a step. */
function Box({ data, selected }: NodeProps<StepNode>): React.JSX.Element {
  const { state, trans, way, fault } = data;
  const [into, out] =
    way === 'TB'
      ? [Position.Top, Position.Bottom]
      : [Position.Left, Position.Right];
  return (
    <div
      className="jp-mlops-step"
      data-fault={fault}
      data-status={state?.status}
      data-faint={data.isFaint}
      data-selected={selected}
      style={{ ['--jp-mlops-hue' as string]: data.hue }}
      title={data.told || state?.reason || data.name}
    >
      <Handle type="target" position={into} isConnectable={false} />
      <div className="jp-mlops-line">
        {state && fault === '' && (
          <State
            {...stateOf(state, trans)}
            state={
              state.skipped ? 'skipped' : state.cached ? 'cached' : state.status
            }
          />
        )}
        {fault !== '' && <Icon name="warning" />}
        <b>{data.name}</b>
        <span className="jp-mlops-gap" />
        <small>{tookOf(state, trans)}</small>
      </div>
      <small>{data.told || data.facts}</small>
      <Handle type="source" position={out} isConnectable={false} />
    </div>
  );
}

export const BOXES = { step: React.memo(Box), room: React.memo(RoomBox) };

/** An edge on the way that the layout has found for it, its words in a line of their own. */
function LaidEdge(props: EdgeProps): React.JSX.Element {
  const { points, label } = props.data as unknown as Way;
  return (
    <>
      <BaseEdge
        id={props.id}
        path={pathOf(points)}
        markerEnd={props.markerEnd}
      />
      <EdgeLabelRenderer>
        <span
          className="jp-mlops-edge-label"
          style={{
            transform: `translate(-50%, -50%) translate(${label.x}px, ${label.y}px)`
          }}
        >
          {props.label}
        </span>
      </EdgeLabelRenderer>
    </>
  );
}

export const LINES = { laid: React.memo(LaidEdge) };

/** The edges; orders that no name explains are dashed. */
export function edgesOf(graph: Graph, plan: Plan): Edge[] {
  return graph.edges.map(({ from, to, names, reasons }, place) => ({
    id: `${from} ${to}`,
    type: 'laid',
    data: { ...plan.ways[place] },
    source: from,
    target: to,
    label: labelOf(names, reasons),
    className: names.length === 0 ? 'jp-mod-order' : '',
    focusable: false,
    selectable: false,
    markerEnd: { type: MarkerType.ArrowClosed },
    ariaLabel: `${from} → ${to}: ${[...names, ...reasons].join(', ')}`
  }));
}
