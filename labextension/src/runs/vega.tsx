/** Charts that JupyterLab itself draws: a Vega-Lite description, through its own renderer. */

import { IRenderMimeRegistry, MimeModel } from '@jupyterlab/rendermime';
import { Message, MessageLoop } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';
import * as React from 'react';

import { Run } from '../api/types';

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
  React.useEffect(() => {
    const node = host.current;
    const mime = rendermime.mimeTypes.find(type => MIME.test(type));
    if (node === null || mime === undefined) {
      return;
    }
    const renderer = rendermime.createRenderer(mime);
    Widget.attach(renderer, node);
    const model = new MimeModel({
      data: { [mime]: spec as never },
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
  }, [spec]);
  return (
    <div ref={host} className="jp-mlops-vega" role="group" aria-label={label} />
  );
}

/** Whether anything here can draw such charts. */
export function canDraw(rendermime: IRenderMimeRegistry | null): boolean {
  return rendermime?.mimeTypes.some(type => MIME.test(type)) ?? false;
}

/** The numbers of a run: its metrics, and the params that are numbers. */
export function numbersOf(run: Run): Record<string, number> {
  const params = Object.entries(run.params)
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
      new Set(all.map(numbers => numbers[name]).filter(v => v !== undefined))
        .size > 1
  );
}

/** Parallel coordinates: one line a run, each axis from its smallest to its greatest value. */
export function parallelSpec(
  runs: readonly Run[],
  axes: readonly string[],
  colour: string
): object {
  const rows = runs.map(run => ({
    run: run.name,
    id: run.id,
    ...numbersOf(run)
  }));
  return {
    width: 90 * Math.max(axes.length, 2),
    height: 260,
    background: 'white',
    data: { values: rows },
    transform: [
      { calculate: `datum[${JSON.stringify(colour)}]`, as: '__colour' },
      { fold: axes, as: ['axis', 'value'] },
      { filter: 'isValid(datum.value)' },
      {
        joinaggregate: [
          { op: 'min', field: 'value', as: 'low' },
          { op: 'max', field: 'value', as: 'high' }
        ],
        groupby: ['axis']
      },
      {
        calculate: '(datum.value - datum.low) / (datum.high - datum.low || 1)',
        as: 'place'
      }
    ],
    mark: { type: 'line', opacity: 0.6, point: true },
    encoding: {
      x: {
        field: 'axis',
        type: 'nominal',
        sort: axes,
        title: null,
        axis: { labelAngle: -20 }
      },
      y: { field: 'place', type: 'quantitative', axis: null },
      color: {
        field: '__colour',
        type: 'quantitative',
        title: colour,
        scale: { scheme: 'viridis' }
      },
      detail: { field: 'id' },
      tooltip: [{ field: 'run' }, { field: 'axis' }, { field: 'value' }]
    }
  };
}

/** One number of runs against another. */
export function scatterSpec(
  runs: readonly Run[],
  x: string,
  y: string
): object {
  const rows = runs.map(run => {
    const numbers = numbersOf(run);
    return { run: run.name, x: numbers[x], y: numbers[y], status: run.status };
  });
  return {
    width: 360,
    height: 260,
    background: 'white',
    data: { values: rows },
    mark: { type: 'point', filled: true, size: 60, opacity: 0.8 },
    encoding: {
      x: { field: 'x', type: 'quantitative', title: x, scale: { zero: false } },
      y: { field: 'y', type: 'quantitative', title: y, scale: { zero: false } },
      color: { field: 'status', type: 'nominal' },
      tooltip: [
        { field: 'run' },
        { field: 'x', title: x },
        { field: 'y', title: y }
      ]
    }
  };
}
