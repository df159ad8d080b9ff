/** The code of two runs side by side, with what changed marked, in JupyterLab's own editor. */

import { MergeView } from '@codemirror/merge';
import { EditorState } from '@codemirror/state';
import { EditorView, lineNumbers } from '@codemirror/view';
import { jupyterTheme } from '@jupyterlab/codemirror';
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Client } from '../api/client';
import { Run } from '../api/types';
import { Choice, ProblemBox } from '../elements';
import { Problem, problemOf } from '../problems';

interface Props {
  client: Client;
  runs: readonly Run[];
  trans: TranslationBundle;
}

/** The cells of a run as one text. */
function asText(cells: readonly string[]): string {
  return cells
    .map((cell, place) => `# cell ${place + 1}\n${cell}\n`)
    .join('\n');
}

/** The difference, with two runs to choose. */
export default function CodeDifference(props: Props): React.JSX.Element {
  const { client, runs, trans } = props;
  const [left, setLeft] = React.useState(runs[0]?.id ?? '');
  const [right, setRight] = React.useState(runs[1]?.id ?? '');
  const [texts, setTexts] = React.useState<readonly string[]>([]);
  const [problem, setProblem] = React.useState<Problem | null>(null);
  const host = React.useRef<HTMLDivElement>(null);
  React.useEffect(() => {
    Promise.all([left, right].map(id => client.code(id))).then(
      found => setTexts(found.map(({ cells }) => asText(cells))),
      error => setProblem(problemOf(error))
    );
  }, [left, right]);
  useMergeView(host, texts);
  const [a, b] = texts;
  const ids = runs.map(run => run.id);
  const names = Object.fromEntries(
    runs.map(run => [run.id, `${run.name} ${run.id.slice(0, 8)}`])
  );
  return (
    <section aria-label={trans.__('Code')}>
      <h3>{trans.__('Code')}</h3>
      <div className="jp-mlops-buttons">
        <Choice
          label={trans.__('Left')}
          value={left}
          values={ids}
          names={names}
          onChange={setLeft}
        />
        <Choice
          label={trans.__('Right')}
          value={right}
          values={ids}
          names={names}
          onChange={setRight}
        />
      </div>
      <ProblemBox problem={problem} />
      {a !== undefined && a === b && (
        <p>
          {a === ''
            ? trans.__('Neither has kept its code.')
            : trans.__('The code is the same.')}
        </p>
      )}
      <div ref={host} className="jp-mlops-difference" />
    </section>
  );
}

/** Shows two texts side by side in `host`, unless they are the same. */
function useMergeView(
  host: React.RefObject<HTMLDivElement>,
  texts: readonly string[]
): void {
  React.useEffect(() => {
    const node = host.current;
    const [a, b] = texts;
    if (node === null || a === undefined || b === undefined || a === b) {
      return;
    }
    const extensions = [
      jupyterTheme,
      lineNumbers(),
      EditorView.editable.of(false),
      EditorState.readOnly.of(true),
      EditorView.lineWrapping
    ];
    const view = new MergeView({
      a: { doc: a, extensions },
      b: { doc: b, extensions },
      parent: node,
      collapseUnchanged: { margin: 3 }
    });
    return () => view.destroy();
  }, [texts]);
}
