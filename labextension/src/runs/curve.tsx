/** The courses of one metric in several runs, drawn with uPlot: drag to zoom, double click to zoom out. */

import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';

import { smooth, together } from './courses';
import { svgChart } from './drawing';
import { download } from './saving';

/** One line: a run's name and its points. */
export interface Course {
  name: string;
  iterations: number[];
  values: (number | null)[];
}

/** Colours that colour-blind readers tell apart (Okabe and Ito), readable on light and dark. */
const COLOURS = [
  '#0072b2',
  '#d55e00',
  '#009e73',
  '#cc79a7',
  '#e69f00',
  '#56b4e9'
];

const THEME = 'data-jp-theme-name'; // JupyterLab sets it when a theme is there

function colourOf(place: number): string {
  return COLOURS[place % COLOURS.length] ?? '';
}

interface Props {
  title: string;
  courses: readonly Course[];
  smoothing: number;
  logarithmic: boolean;
  trans: TranslationBundle;
}

/** The chart, and two buttons that save it. */
export function Curve(props: Props): React.JSX.Element {
  const host = React.useRef<HTMLDivElement>(null);
  const { title, courses, smoothing, logarithmic, trans } = props;
  const smoothed = React.useMemo(
    () =>
      courses.map(course => ({
        ...course,
        values: smooth(course.values, smoothing)
      })),
    [courses, smoothing]
  );
  useChart(host, { title, courses: smoothed, logarithmic });
  const savePicture = (): void =>
    host.current
      ?.querySelector('canvas')
      ?.toBlob(blob => blob && download(`${title}.png`, blob));
  const saveDrawing = (): void => {
    const traces = smoothed.map((course, place) => ({
      name: course.name,
      colour: colourOf(place),
      points: course.values.map((value, n) =>
        value === null ? null : ([course.iterations[n] ?? 0, value] as const)
      )
    }));
    const text = svgChart(title, traces, logarithmic);
    download(`${title}.svg`, new Blob([text], { type: 'image/svg+xml' }));
  };
  return (
    <figure className="jp-mlops-curve">
      <div ref={host} role="img" aria-label={title} />
      <figcaption>
        <button className="jp-mlops-link" onClick={savePicture}>
          {trans.__('Save as PNG')}
        </button>
        <button className="jp-mlops-link" onClick={saveDrawing}>
          {trans.__('Save as SVG')}
        </button>
      </figcaption>
    </figure>
  );
}

/** Draws the lines into `host`, anew whenever something changes. */
function useChart(
  host: React.RefObject<HTMLDivElement>,
  {
    title,
    courses,
    logarithmic
  }: Pick<Props, 'title' | 'courses' | 'logarithmic'>
): void {
  React.useEffect(() => {
    const node = host.current;
    if (node === null) {
      return;
    }
    const stroke = (): string => getComputedStyle(node).color;
    const grid = (): string =>
      getComputedStyle(node).getPropertyValue('--jp-border-color2');
    const axis = { stroke, grid: { stroke: grid, width: 1 } };
    const chart = new uPlot(
      {
        title,
        width: Math.max(node.clientWidth, 280),
        height: 220,
        scales: { x: { time: false }, y: { distr: logarithmic ? 3 : 1 } },
        axes: [axis, { ...axis, size: 60 }],
        series: [
          {},
          ...courses.map((course, place) => ({
            label: course.name,
            stroke: colourOf(place),
            width: 1.5,
            spanGaps: false
          }))
        ]
      },
      together(courses) as uPlot.AlignedData,
      node
    );
    const watcher = new MutationObserver(() => chart.redraw());
    watcher.observe(document.body, { attributeFilter: [THEME] });
    return () => {
      watcher.disconnect();
      chart.destroy();
    };
  }, [courses, logarithmic, title]);
}
