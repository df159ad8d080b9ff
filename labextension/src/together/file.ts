/** The file that names several notebooks, changed as its author would: comments and order stay. */

import { PathExt } from '@jupyterlab/coreutils';
import { Document, isMap, isSeq, parseDocument, YAMLMap, YAMLSeq } from 'yaml';

const AS_WRITTEN = { lineWidth: 0, flowCollectionPadding: false };

/** A value that one notebook takes from another: `there` it is called so, and `here` so. */
export interface Taken {
  source: string;
  there: string;
  here: string;
}

/** What lines such as `from load take frame as df, rows` say. Pure. */
export function takenIn(lines: readonly string[]): Taken[] {
  return lines.flatMap(line => {
    const [, source = '', names = ''] =
      /^\s*from\s+(\S+)\s+take\s+(.+)$/s.exec(line) ?? [];
    return names
      .split(',')
      .map(name => name.trim())
      .filter(Boolean)
      .map(name => {
        const [there = '', here = there] = name.split(/\s+as\s+/);
        return { source, there, here };
      });
  });
}

/** A taken value in words: `frame`, or `frame as df`. Pure. */
export function wordsOf({ there, here }: Taken): string {
  return there === here ? there : `${there} as ${here}`;
}

/** One line for each notebook that something is taken from. Pure. */
export function linesOf(taken: readonly Taken[]): string[] {
  const sources = [...new Set(taken.map(({ source }) => source))];
  return sources.map(source => {
    const names = taken.filter(one => one.source === source).map(wordsOf);
    return `from ${source} take ${names.join(', ')}`;
  });
}

/** The text of a new file at `path` for some notebooks. Pure. */
export function newFile(path: string, notebooks: readonly string[]): string {
  const files = notebooks.map(notebook => relativeTo(path, notebook));
  return new Document({ pipeline: { notebooks: files } }).toString(AS_WRITTEN);
}

/** The text with one more notebook. Pure. */
export function withNotebook(
  text: string,
  path: string,
  notebook: string
): string {
  return changed(text, pipeline => {
    const file = relativeTo(path, notebook);
    const known = pipeline.get('notebooks', true);
    if (isMap(known)) {
      known.set(nameOf(notebook), file);
    } else if (isSeq(known)) {
      known.add(file);
    } else {
      pipeline.set('notebooks', [file]);
    }
  });
}

/** The text with the lines that say what a notebook takes from others. Pure. */
export function withTakes(
  text: string,
  notebook: string,
  lines: readonly string[]
): string {
  return changed(text, (pipeline, document) => {
    const known: unknown = pipeline.get('take', true);
    const take = isMap(known) ? known : new YAMLMap();
    const key =
      take.items
        .map(({ key: one }) => String(one))
        .find(one => nameOf(one) === notebook) ?? notebook;
    if (lines.length === 0) {
      take.delete(key);
    } else {
      const [only] = lines;
      take.set(key, lines.length === 1 ? only : listOf(document, lines));
    }
    if (take.items.length === 0) {
      pipeline.delete('take');
    } else if (take !== known) {
      pipeline.set('take', take);
    }
  });
}

/** The name by which the others know a notebook: that of its file. Pure. */
export function nameOf(notebook: string): string {
  return PathExt.basename(notebook, '.ipynb')
    .toLowerCase()
    .replace(/[^a-z0-9_]+/g, '-')
    .replace(/^-+|-+$/g, '');
}

/** A notebook as it is seen from the file. */
function relativeTo(path: string, notebook: string): string {
  return PathExt.relative(PathExt.dirname(path), notebook);
}

/** Lines below one another: commas within them would cut a list in brackets. */
function listOf(document: Document, lines: readonly string[]): YAMLSeq {
  const list = document.createNode([...lines]) as YAMLSeq;
  list.flow = false;
  return list;
}

function changed(
  text: string,
  change: (pipeline: YAMLMap, document: Document) => void
): string {
  const document = parseDocument(text);
  const [fault] = document.errors;
  if (fault !== undefined) {
    throw fault;
  }
  const pipeline = document.get('pipeline', true);
  if (isMap(pipeline)) {
    change(pipeline, document);
  }
  return document.toString(AS_WRITTEN);
}
