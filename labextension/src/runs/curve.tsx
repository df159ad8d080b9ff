/** One metric of several runs, drawn with uPlot: one cursor through all charts, drag to zoom, double click to zoom out. */

import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';

import { IconButton, Menu } from '../elements';
import { Axis, Course, placesOn, smooth, together } from './courses';
import { svgChart } from './drawing';
import { Line } from './lines';
import { HUES } from './marked';
import { columnsOf, picture, plotOf, Trace } from './plot';
import { download } from './saving';
import { banded, isCrowded } from './stretches';
import { number } from './words';

interface Props {
  title: string;
  /** What is said in grey beside the title. */
  hint?: string;
  courses: readonly Course[];
  lines: readonly Line[];
  axis: Axis;
  smoothing: number;
  logarithmic: boolean;
  /** Charts of one group share the cursor. */
  group: string;
  /** How values are written; as plain numbers where nothing is said. */
  format?: (value: number) => string;
  /** Whether the chart begins at 0. */
  fromZero?: boolean;
  trans: TranslationBundle;
}

/** The chart in a card, with the values below the cursor. */
export function Curve(props: Props): React.JSX.Element {
  const { title, logarithmic, trans } = props;
  const host = React.useRef<HTMLDivElement>(null);
  const card = React.useRef<HTMLElement>(null);
  const [at, setAt] = React.useState<number | null>(null);
  const traces = useTraces(props);
  useChart(host, { ...props, traces, onMove: setAt });
  const savePicture = (): void => {
    const canvas = host.current?.querySelector('canvas');
    if (canvas) {
      picture(canvas, title, traces, card.current ?? canvas).toBlob(
        blob => blob && download(`${title}.png`, blob)
      );
    }
  };
  const saveDrawing = (): void => {
    const text = svgChart(
      title,
      traces.map(({ line, places, values }) => ({
        name: line.name,
        colour: colourIn(card.current, line.hue),
        points: values.map((value, n) =>
          value === null ? null : ([places[n] ?? 0, value] as const)
        )
      })),
      logarithmic
    );
    download(`${title}.svg`, new Blob([text], { type: 'image/svg+xml' }));
  };
  return (
    <figure ref={card} className="jp-mlops-curve jp-mlops-card">
      <figcaption>
        <b title={title}>{title}</b>
        {props.hint && <span className="jp-mlops-hint">{props.hint}</span>}
        <span className="jp-mlops-gap" />
        <IconButton
          icon="full"
          label={trans.__('Full screen')}
          onClick={() => void card.current?.requestFullscreen()}
        />
        <Menu
          bare
          label={trans.__('Save the chart')}
          entries={[
            { label: trans.__('Save as PNG'), act: savePicture },
            { label: trans.__('Save as SVG'), act: saveDrawing }
          ]}
        />
      </figcaption>
      <div ref={host} role="img" aria-label={title} />
      <Values {...props} traces={traces} at={at} />
    </figure>
  );
}

function colourIn(node: Element | null, hue: string): string {
  return node ? getComputedStyle(node).getPropertyValue(hue).trim() : '';
}

/** What is drawn: for each course its line, its points on the axis, raw and smoothed. */
function useTraces(props: Props): readonly Trace[] {
  const { courses, lines, axis, smoothing } = props;
  return React.useMemo(() => {
    const found = lines.flatMap(line => {
      const course = courses.find(own => own.id === line.id);
      return course === undefined
        ? []
        : [{ line, places: placesOn(course, axis), values: course.values }];
    });
    const thin = isCrowded(found) ? banded(found) : found;
    return found.map(({ line, values }, n) => {
      const own = thin[n] as (typeof thin)[number];
      return {
        line,
        places: own.places,
        raw: own.values,
        values: smooth(own.values, smoothing),
        last: newestOf(values),
        ...('low' in own &&
          found.length <= HUES && { band: [own.low, own.high] as const })
      };
    });
  }, [courses, lines, axis, smoothing]);
}

function newestOf(values: readonly (number | null)[]): number | null {
  return [...values].reverse().find(value => value !== null) ?? null;
}

/** The values below the cursor; without one, the last ones. */
function Values(props: {
  traces: readonly Trace[];
  at: number | null;
  axis: Axis;
  format?: (value: number) => string;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { traces, at, axis, trans } = props;
  const written = (value: number | null): string =>
    value === null ? '–' : (props.format ?? number)(value);
  const place =
    at === null
      ? trans.__('last')
      : {
          step: trans.__('step %1', number(at)),
          time: new Date(at * 1000).toLocaleTimeString(),
          relative: `${number(at)} s`
        }[axis];
  return (
    <div className="jp-mlops-values">
      <span>{place}</span>
      {traces.slice(0, 12).map(trace => (
        <span
          key={trace.line.id}
          style={{ ['--jp-mlops-hue' as string]: `var(${trace.line.hue})` }}
          title={trace.line.name}
        >
          <span className="jp-mlops-dot" />
          {trace.line.part && (
            <span className="jp-mlops-hint">{trace.line.part}</span>
          )}
          {written(valueAt(trace, at))}
        </span>
      ))}
    </div>
  );
}

/** The value, as it was logged, of the last point that is not behind `at`. */
function valueAt(trace: Trace, at: number | null): number | null {
  if (at === null) {
    return trace.last;
  }
  const { places, raw } = trace;
  let found: number | null = null;
  for (let n = 0; n < places.length; n++) {
    if ((places[n] ?? 0) > at) {
      break;
    }
    found = raw[n] ?? found;
  }
  return found;
}

/** Draws the lines into `host`, anew when they change, in the width that there is. */
function useChart(
  host: React.RefObject<HTMLDivElement>,
  props: Props & {
    traces: readonly Trace[];
    onMove: (at: number | null) => void;
  }
): void {
  const { traces, logarithmic, axis } = props;
  React.useEffect(() => {
    const node = host.current;
    if (node === null || traces.length === 0) {
      return;
    }
    const chart = new uPlot(
      plotOf(node, props),
      together(columnsOf(traces)) as uPlot.AlignedData,
      node
    );
    const themes = new MutationObserver(() => chart.redraw());
    themes.observe(document.body, { attributeFilter: ['data-jp-theme-name'] });
    const sizes = new ResizeObserver(() =>
      chart.setSize({ width: node.clientWidth, height: chart.height })
    );
    sizes.observe(node);
    return () => {
      themes.disconnect();
      sizes.disconnect();
      chart.destroy();
    };
  }, [traces, logarithmic, axis]);
}
