/** The files of a run: a list by folder, and beside it the one that was chosen, as what it is. */

import * as React from 'react';

import { File } from '../api/types';
import { Card, ProblemBox } from '../elements';
import { Problem, problemOf } from '../problems';
import { size } from '../runs/words';
import { IMAGE } from './figures';
import { Markdown } from './note';
import { Shown } from './page';
import { readable } from './texts';

const TEXT = /\.(txt|md|py|json|ya?ml|toml|log|html?|ipynb)$/i;
const TABLE = /\.(csv|tsv)$/i;
const PAGE = /\.html?$/i;
const LARGEST = 2_000_000; // bytes of a text that is shown
const MOST_ROWS = 200;

/** Files by their folder, each in the order of its path. Pure. */
export function foldersOf(
  files: readonly File[]
): readonly (readonly [folder: string, files: readonly File[]])[] {
  const folders = new Map<string, File[]>();
  for (const file of [...files].sort((a, b) => a.path.localeCompare(b.path))) {
    const folder = file.path.split('/').slice(0, -1).join('/');
    folders.set(folder, [...(folders.get(folder) ?? []), file]);
  }
  return [...folders];
}

/** The tab. */
export function Files({ around, found }: Shown): React.JSX.Element {
  const { trans, client } = around;
  const folders = foldersOf(found.artifacts);
  const first = found.artifacts.find(file => IMAGE.test(file.path));
  const [path, setPath] = React.useState(
    first?.path ?? folders[0]?.[1][0]?.path ?? ''
  );
  const file = found.artifacts.find(one => one.path === path);
  if (file === undefined) {
    return (
      <p className="jp-mlops-empty">
        {trans.__('This run has kept no files.')}
      </p>
    );
  }
  return (
    <div className="jp-mlops-columns-2">
      <Card title={trans.__('Files')} hint={String(found.artifacts.length)}>
        <ul className="jp-mlops-files" aria-label={trans.__('Files')}>
          {folders.map(([folder, own]) => (
            <React.Fragment key={folder}>
              {folder !== '' && <li className="jp-mlops-hint">{folder}/</li>}
              {own.map(one => (
                <li key={one.path} data-inner={folder !== ''}>
                  <button
                    type="button"
                    className="jp-mlops-link"
                    aria-pressed={one.path === path}
                    onClick={() => setPath(one.path)}
                  >
                    {one.path.split('/').pop()}
                  </button>
                  <small title={trans.__('%1 bytes', one.size)}>
                    {size(one.size)}
                  </small>
                </li>
              ))}
            </React.Fragment>
          ))}
        </ul>
      </Card>
      <Card
        title={file.path}
        hint={size(file.size)}
        actions={
          <a href={client.fileUrl(found.id, file.path)} download>
            {trans.__('Download')}
          </a>
        }
      >
        <Preview key={file.path} around={around} run={found.id} file={file} />
      </Card>
    </div>
  );
}

function Preview(props: {
  around: Shown['around'];
  run: string;
  file: File;
}): React.JSX.Element {
  const { around, run, file } = props;
  const { client, trans } = around;
  const [text, setText] = React.useState<string | null>(null);
  const [problem, setProblem] = React.useState<Problem | null>(null);
  const isText = TEXT.test(file.path) || TABLE.test(file.path);
  const isShown = isText && file.size <= LARGEST;
  React.useEffect(() => {
    if (isShown) {
      client
        .text(run, file.path)
        .then(setText, error => setProblem(problemOf(error)));
    }
  }, [run, file.path]);
  if (IMAGE.test(file.path)) {
    return (
      <img
        className="jp-mlops-image"
        src={client.fileUrl(run, file.path)}
        alt={file.path}
      />
    );
  }
  if (!isShown) {
    return (
      <p className="jp-mlops-hint">
        {isText
          ? trans.__('It is too large to be shown here.')
          : trans.__('Files of this kind are not shown here.')}
      </p>
    );
  }
  if (problem !== null || text === null) {
    return <ProblemBox problem={problem} />;
  }
  if (PAGE.test(file.path)) {
    return (
      <iframe
        className="jp-mlops-frame"
        sandbox=""
        srcDoc={text}
        title={file.path}
      />
    );
  }
  return TABLE.test(file.path) ? (
    <Cells text={text} around={around} tab={/\.tsv$/i.test(file.path)} />
  ) : (
    <Text text={text} around={around} path={file.path} />
  );
}

/** Markdown and notebooks as they are read, all else as it stands. */
function Text(props: {
  text: string;
  around: Shown['around'];
  path: string;
}): React.JSX.Element {
  const { text, isMarkdown } = React.useMemo(
    () => readable(props.path, props.text),
    [props.path, props.text]
  );
  return isMarkdown ? (
    <Markdown text={text} rendermime={props.around.rendermime} />
  ) : (
    <pre className="jp-mlops-log" tabIndex={0}>
      {text}
    </pre>
  );
}

/** CSV as rows of cells; quotes are understood, also around line ends. Pure. */
export function cellsOf(text: string, separator: string): string[][] {
  const rows: string[][] = [[]];
  const cell = new RegExp(
    `(?:"((?:[^"]|"")*)"|([^"\\r\\n${separator}][^\\r\\n${separator}]*)?)(${separator}|\\r?\\n|$)`,
    'gy'
  );
  for (let at = 0; at < text.length; at = cell.lastIndex) {
    const match = cell.exec(text);
    if (match === null || match[0] === '') {
      break;
    }
    const [, quoted, plain, end] = match;
    rows[rows.length - 1]?.push(quoted?.replace(/""/g, '"') ?? plain ?? '');
    if (end !== separator && cell.lastIndex < text.length) {
      rows.push([]);
    }
  }
  return rows;
}

function Cells(props: {
  text: string;
  around: Shown['around'];
  tab: boolean;
}): React.JSX.Element {
  const { trans } = props.around;
  const [head = [], ...rows] = cellsOf(props.text, props.tab ? '\t' : ',');
  return (
    <div className="jp-mlops-wide">
      <table className="jp-mlops-table">
        <thead>
          <tr>
            {head.map((name, place) => (
              <th key={place} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, MOST_ROWS).map((row, place) => (
            <tr key={place}>
              {row.map((value, column) => (
                <td key={column}>{value}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length > MOST_ROWS && (
        <p className="jp-mlops-hint">
          {trans.__('The first %1 of %2 rows', MOST_ROWS, rows.length)}
        </p>
      )}
    </div>
  );
}
