/** The courses of one metric in several runs, drawn with uPlot: drag to zoom, double click to zoom out. */

import * as React from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';

import { smooth, together } from './courses';

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

interface Props {
  title: string;
  courses: readonly Course[];
  smoothing: number;
  logarithmic: boolean;
}

/** The chart. */
export function Curve(props: Props): React.JSX.Element {
  const host = React.useRef<HTMLDivElement>(null);
  const { title, courses, smoothing, logarithmic } = props;
  React.useEffect(() => {
    const node = host.current;
    if (node === null) {
      return;
    }
    const ink = getComputedStyle(node).color;
    const axis = { stroke: ink, grid: { stroke: `${ink}22`, width: 1 } };
    const smoothed = courses.map(course => ({
      ...course,
      values: smooth(course.values, smoothing)
    }));
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
            stroke: COLOURS[place % COLOURS.length],
            width: 1.5,
            spanGaps: false
          }))
        ]
      },
      together(smoothed) as uPlot.AlignedData,
      node
    );
    return () => chart.destroy();
  }, [courses, smoothing, logarithmic, title]);
  return (
    <div ref={host} className="jp-mlops-curve" role="img" aria-label={title} />
  );
}
