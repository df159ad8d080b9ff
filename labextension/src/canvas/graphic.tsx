/** The drawing: boxes that can be chosen, dragged onto one another and reached by keys, a map, and a zoom. */

import {
  applyNodeChanges,
  Background,
  BackgroundVariant,
  MiniMap,
  NodeChange,
  ReactFlow,
  ReactFlowInstance,
  useViewport
} from '@xyflow/react';
import '@xyflow/react/dist/style.css';
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Graph, Last } from '../api/types';
import { IconButton } from '../elements';
import { Measures, Plan } from '../pipelines/layout';
import { Editing } from './commands';
import { neighbour } from './keys';
import {
  BOXES,
  edgesOf,
  LARGE,
  LINES,
  nodesOf,
  roomsOf,
  Standing,
  StepNode
} from './nodes';
import { boxOf } from './saving';
import { isSeen } from './sight';

const FIT = { padding: 0.06, maxZoom: 1 };
const LEAST = 0.95; // below it the text is smaller than 12 pixels
const MARGIN = 16;
const TOP = 24; // pixels for the hint above the graph

interface Props {
  graph: Graph;
  plan: Plan;
  way: Measures['way'];
  words: string;
  chosen: readonly string[];
  onChoose: (steps: readonly string[]) => void;
  /** What its steps did in the last run. */
  last: Last | null;
  /** How steps are edited, where they can be. */
  editing?: Editing;
  trans: TranslationBundle;
}

type Flow = ReactFlowInstance<Standing>;

/** The whole graph, or, if its text would be too small to read, its beginning. */
function show(
  flow: Flow,
  plan: Plan,
  way: Measures['way'],
  host: Element
): void {
  const box = boxOf(plan, { ...LARGE, way });
  const { clientWidth, clientHeight } = host;
  const fits = Math.min(clientWidth / box.width, clientHeight / box.height);
  if (fits >= LEAST) {
    void flow.fitView(FIT);
    return;
  }
  const [first] = plan.places;
  const middle = {
    x: clientWidth / 2 - (first?.x ?? 0) - LARGE.width / 2,
    y: clientHeight / 2 - (first?.y ?? 0) - LARGE.height / 2
  };
  void flow.setViewport(
    way === 'TB'
      ? { x: middle.x, y: TOP - box.y, zoom: 1 }
      : { x: MARGIN - box.x, y: middle.y, zoom: 1 }
  );
}

/** The nodes as they are drawn: at their places, unless one is being dragged. */
function useNodes(
  props: Props
): [Standing[], (changes: NodeChange<Standing>[]) => void, () => void] {
  const { graph, plan, way, words, chosen, last, trans } = props;
  const laid = React.useMemo(
    () => [
      ...roomsOf(plan),
      ...nodesOf(graph, plan, {
        stateOf: step => last?.steps.find(state => state.name === step),
        words,
        selected: new Set(chosen),
        way,
        trans
      })
    ],
    [graph, plan, way, words, chosen.join(' '), last]
  );
  const [nodes, setNodes] = React.useState<Standing[]>(laid);
  React.useEffect(() => setNodes(laid), [laid]);
  const change = React.useCallback(
    (changes: NodeChange<Standing>[]) =>
      setNodes(before =>
        applyNodeChanges(
          changes.filter(one => one.type !== 'select'),
          before
        )
      ),
    []
  );
  return [nodes, change, () => setNodes(laid)];
}

/** The whole graph is shown when it is new or nothing of it is left in sight, and a step when it is chosen. */
function useSight(
  { plan, way, chosen }: Props,
  flow: Flow | null,
  host: React.RefObject<HTMLDivElement>
): void {
  React.useEffect(() => {
    if (flow !== null && host.current !== null) {
      show(flow, plan, way, host.current);
    }
  }, [flow, plan]);
  React.useEffect(() => {
    const element = host.current;
    if (flow === null || element === null) {
      return;
    }
    const watch = new ResizeObserver(() => {
      const { clientWidth: width, clientHeight: height } = element;
      const window = { ...flow.getViewport(), width, height };
      if (width > 0 && !isSeen(plan.places, LARGE, window)) {
        show(flow, plan, way, element);
      }
    });
    watch.observe(element);
    return () => watch.disconnect();
  }, [flow, plan, way]);
  const [only] = chosen;
  React.useEffect(() => {
    const place = plan.places.find(one => one.name === only);
    if (flow !== null && place && chosen.length === 1) {
      bringIn(flow, place, host.current);
    }
  }, [only]);
}

/** What never changes in how it is drawn. */
const FIXED = {
  nodeTypes: BOXES,
  edgeTypes: LINES,
  onlyRenderVisibleElements: true,
  nodeDragThreshold: 4,
  minZoom: 0.05,
  maxZoom: 2,
  nodesConnectable: false,
  edgesFocusable: false,
  elementsSelectable: true,
  selectionKeyCode: null,
  multiSelectionKeyCode: null,
  deleteKeyCode: null,
  disableKeyboardA11y: true,
  proOptions: { hideAttribution: true }
} as const;

function toggled(names: readonly string[], name: string): readonly string[] {
  return names.includes(name)
    ? names.filter(one => one !== name)
    : [...names, name];
}

/** The drawing. */
export function Graphic(props: Props): React.JSX.Element {
  const { graph, plan, chosen, onChoose, editing, trans } = props;
  const host = React.useRef<HTMLDivElement>(null);
  const [flow, setFlow] = React.useState<Flow | null>(null);
  const [nodes, change, putBack] = useNodes(props);
  const edges = React.useMemo(() => edgesOf(graph, plan), [plan]);
  useSight(props, flow, host);
  const choose = (name: string, isMore: boolean): void =>
    onChoose(isMore ? toggled(chosen, name) : [name]);
  return (
    <div
      ref={host}
      className="jp-mlops-graphic"
      tabIndex={-1}
      role="group"
      aria-label={trans.__('Graph')}
      onKeyDown={event => onKey(event, props, flow, choose)}
    >
      <ReactFlow<Standing>
        nodes={nodes}
        nodesDraggable={editing !== undefined}
        edges={edges}
        onInit={setFlow}
        onNodesChange={change}
        onNodeClick={(event, node) => {
          if (node.type === 'step') {
            choose(node.id, event.shiftKey || event.ctrlKey || event.metaKey);
          }
        }}
        onPaneClick={() => onChoose([])}
        onNodeDragStop={(_, node) => {
          const [other] = flow?.getIntersectingNodes(node) ?? [];
          putBack();
          if (other !== undefined) {
            editing?.runAfter(node.id, other.id);
          }
        }}
        {...FIXED}
      >
        <Ground label={trans.__('Map of the graph')} />
        <Zoom flow={flow} trans={trans} />
      </ReactFlow>
      {editing && (
        <p className="jp-mlops-hint jp-mlops-canvas-hint">
          {trans.__(
            'Drag a step onto another to run it after. Shift-click selects more.'
          )}
        </p>
      )}
    </div>
  );
}

/** What lies below the steps, and the map of them. */
function Ground({ label }: { label: string }): React.JSX.Element {
  return (
    <>
      <Background
        variant={BackgroundVariant.Dots}
        gap={20}
        size={1.5}
        color="var(--jp-border-color1)"
      />
      <MiniMap
        pannable
        zoomable
        position="bottom-left"
        ariaLabel={label}
        nodeColor={node =>
          (node as Standing).type === 'step'
            ? (node as StepNode).data.hue
            : 'transparent'
        }
        style={{ width: 120, height: 96 }}
      />
    </>
  );
}

/** How large it is drawn; it alone is drawn anew while one zooms. */
function Zoom(props: {
  flow: Flow | null;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { flow, trans } = props;
  const { zoom } = useViewport();
  return (
    <div className="jp-mlops-zoom">
      <IconButton
        icon="minus"
        label={trans.__('Zoom out')}
        onClick={() => void flow?.zoomOut()}
      />
      <span aria-live="off">{`${Math.round(zoom * 100)} %`}</span>
      <IconButton
        icon="plus"
        label={trans.__('Zoom in')}
        onClick={() => void flow?.zoomIn()}
      />
      <IconButton
        icon="full"
        label={trans.__('Fit')}
        onClick={() => void flow?.fitView(FIT)}
      />
    </div>
  );
}

/** Brings a step into sight, if it is not. */
function bringIn(
  flow: Flow,
  { x, y }: { x: number; y: number },
  host: Element | null
): void {
  const window = {
    ...flow.getViewport(),
    width: host?.clientWidth ?? 0,
    height: host?.clientHeight ?? 0
  };
  if (!isSeen([{ x, y }], LARGE, window)) {
    void flow.setCenter(x + LARGE.width / 2, y + LARGE.height / 2, {
      zoom: window.zoom
    });
  }
}

/** The keys of the canvas; they are listed in the documentation. */
function onKey(
  event: React.KeyboardEvent,
  { plan, way, chosen, onChoose, editing }: Props,
  flow: Flow | null,
  choose: (name: string, isMore: boolean) => void
): void {
  const focused = (event.target as HTMLElement).closest<HTMLElement>(
    '.react-flow__node'
  )?.dataset.id;
  const current = focused ?? chosen[0];
  const isCommand = event.ctrlKey || event.metaKey;
  const next = neighbour(plan, current, event.key, way);
  const deeds: Record<string, () => unknown> = {
    Enter: () => current && choose(current, event.shiftKey),
    ' ': () => current && choose(current, true),
    Escape: () => onChoose([]),
    F2: () => current && editing?.rename(current),
    m: () => editing?.merge(chosen),
    '+': () => flow?.zoomIn(),
    '-': () => flow?.zoomOut(),
    0: () => flow?.fitView(FIT)
  };
  const deed =
    next !== undefined
      ? () => focus(next, event.currentTarget, choose)
      : isCommand && event.key === 'a'
        ? () => onChoose(plan.places.map(place => place.name))
        : isCommand && event.key === 'z'
          ? () => {
              editing?.undo();
              (event.currentTarget as HTMLElement).focus(); // the step that had the keys may be gone
            }
          : isCommand
            ? undefined
            : deeds[event.key];
  if (deed !== undefined) {
    event.preventDefault();
    event.stopPropagation();
    deed();
  }
}

/** Chooses a step, and gives it the keys once it is drawn. */
function focus(
  name: string,
  host: Element,
  choose: (name: string, isMore: boolean) => void
): void {
  choose(name, false);
  window.requestAnimationFrame(() =>
    host
      .querySelector<HTMLElement>(`.react-flow__node[data-id="${name}"]`)
      ?.focus({ preventScroll: true })
  );
}
