/** Charts that JupyterLab itself draws: a Vega-Lite description, through its own renderer. */

import { IRenderMimeRegistry, MimeModel } from '@jupyterlab/rendermime';
import { Message, MessageLoop } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';
import * as React from 'react';

import { paramsOf } from './columns';
import { Run } from '../api/types';
import { Line } from './lines';
import { hueAt, HUES } from './marked';
import { isSeed } from './seeds';
import { titleOf } from './words';

const THEME = 'data-jp-theme-name'; // JupyterLab sets it when a theme is there
const MIME = /^application\/vnd\.vegalite\.v\d\+json$/;

interface Props {
  rendermime: IRenderMimeRegistry;
  spec: object;
  label: string;
  /** What a screen reader says of the menu that saves the chart. */
  menu: string;
}

/** The chart. Its own menu saves it as PNG or SVG. */
export function VegaChart(props: Props): React.JSX.Element {
  const host = React.useRef<HTMLDivElement>(null);
  const { rendermime, spec, label, menu } = props;
  const theme = useTheme();
  // a layout effect: its end comes while the renderer still stands in the page
  React.useLayoutEffect(() => {
    const node = host.current;
    const mime = rendermime.mimeTypes.find(type => MIME.test(type));
    if (node === null || mime === undefined) {
      return;
    }
    const renderer = rendermime.createRenderer(mime);
    Widget.attach(renderer, node);
    const model = new MimeModel({
      data: { [mime]: themed(spec, node) as never },
      trusted: false
    });
    void renderer
      .renderModel(model)
      .then(() =>
        node.querySelector('summary')?.setAttribute('aria-label', menu)
      );
    return () => {
      if (!renderer.isDisposed) {
        MessageLoop.sendMessage(renderer, Widget.Msg.BeforeDetach as Message);
        renderer.dispose();
      }
    };
  }, [spec, theme]);
  return (
    <div ref={host} className="jp-mlops-vega" role="group" aria-label={label} />
  );
}

/** The name of JupyterLab's theme; draws anew when there is another. */
function useTheme(): string {
  const now = (): string => document.body.getAttribute(THEME) ?? '';
  const [theme, setTheme] = React.useState(now);
  React.useEffect(() => {
    const watcher = new MutationObserver(() => setTheme(now()));
    watcher.observe(document.body, { attributeFilter: [THEME] });
    return () => watcher.disconnect();
  }, []);
  return theme;
}

/** A description in the colors and sizes of the page. Vega knows no custom properties: they are read now. */
function themed(spec: object, node: Element): object {
  const style = getComputedStyle(node);
  const colour = (name: string): string => style.getPropertyValue(name).trim();
  const muted = colour('--jp-ui-font-color2');
  const rule = colour('--jp-border-color2');
  const font = { labelFontSize: 11, titleFontSize: 11, titleFontWeight: 400 };
  const colours = { labelColor: muted, titleColor: muted };
  return {
    ...spec,
    background: 'transparent',
    config: {
      view: { stroke: null },
      axis: {
        ...font,
        ...colours,
        domainColor: rule,
        tickColor: rule,
        gridColor: rule
      },
      legend: { ...font, ...colours },
      range: {
        category: [1, 2, 3, 4, 5, 6, 7].map(n => colour(`--jp-mlops-c${n}`)),
        ramp: [1, 2, 3, 4, 5].map(n => colour(`--jp-mlops-q${n}`))
      }
    }
  };
}

/** Whether anything here can draw such charts. */
export function canDraw(rendermime: IRenderMimeRegistry | null): boolean {
  return rendermime?.mimeTypes.some(type => MIME.test(type)) ?? false;
}

/** The numbers of a run: its metrics, and the params that are numbers. */
export function numbersOf(run: Run): Record<string, number> {
  const params = Object.entries(paramsOf(run))
    .filter(([, text]) => text.trim() !== '')
    .map(([name, text]) => [name, Number(text)] as const);
  const metrics = Object.entries(run.metrics).map(
    ([name, value]) => [name, Number(value)] as const
  );
  return Object.fromEntries(
    [...params, ...metrics].filter(([, value]) => Number.isFinite(value))
  );
}

/** The names of numbers that not all runs agree on. */
export function axesOf(runs: readonly Run[]): string[] {
  const all = runs.map(numbersOf);
  const names = [...new Set(all.flatMap(numbers => Object.keys(numbers)))];
  return names.filter(
    name =>
      !isSeed(name) &&
      new Set(all.map(numbers => numbers[name]).filter(v => v !== undefined))
        .size > 1
  );
}

/** Each of a few runs in its own color, which the page tells already; nothing for more than there are hues. */
function hueOf(lines: readonly Line[]): object | undefined {
  if (lines.length === 0 || lines.length > HUES) {
    return undefined;
  }
  const domain = Array.from({ length: HUES }, (_, place) => {
    const own = lines.find(line => line.hue === hueAt(place));
    return own?.id ?? `no run ${place}`;
  });
  return {
    field: 'id',
    type: 'nominal',
    scale: { domain, range: 'category' },
    legend: null
  };
}

/** One number of runs against another. */
export function scatterSpec(
  runs: readonly Run[],
  x: string,
  y: string,
  lines: readonly Line[] = []
): object {
  const rows = runs.map(run => {
    const numbers = numbersOf(run);
    return {
      run: titleOf(run),
      id: run.id,
      x: numbers[x],
      y: numbers[y],
      status: run.status
    };
  });
  return {
    width: 'container',
    height: 260,
    data: { values: rows },
    mark: { type: 'point', filled: true, size: 60, opacity: 0.8 },
    encoding: {
      x: { field: 'x', type: 'quantitative', title: x, scale: { zero: false } },
      y: { field: 'y', type: 'quantitative', title: y, scale: { zero: false } },
      color: hueOf(lines) ?? { field: 'status', type: 'nominal' },
      tooltip: [
        { field: 'run' },
        { field: 'x', title: x },
        { field: 'y', title: y }
      ]
    }
  };
}
