/** Files of a run that are texts, as people read them: notebooks as Markdown, JSON with line breaks. Pure. */

const NOTEBOOK = /\.ipynb$/i;
const MARKDOWN = /\.(md|markdown)$/i;
const JSON_TEXT = /\.json$/i;

/** What is shown of a text, and whether it is Markdown. */
export interface Readable {
  text: string;
  isMarkdown: boolean;
}

/** A text by the name of its file; one that is not what its name says stays as it is. */
export function readable(path: string, text: string): Readable {
  try {
    if (NOTEBOOK.test(path)) {
      return { text: markdownOf(JSON.parse(text)), isMarkdown: true };
    }
    if (JSON_TEXT.test(path)) {
      return {
        text: JSON.stringify(JSON.parse(text), null, 2),
        isMarkdown: false
      };
    }
  } catch {
    return { text, isMarkdown: false };
  }
  return { text, isMarkdown: MARKDOWN.test(path) };
}

interface Output {
  text?: string | string[];
  data?: Record<string, string | string[]>;
  ename?: string;
  evalue?: string;
}

interface Notebook {
  cells: {
    cell_type: string;
    source: string | string[];
    outputs?: Output[];
  }[];
}

/** A notebook as Markdown: code and what it has printed in fences, pictures where they stood. */
export function markdownOf(notebook: Notebook): string {
  return notebook.cells
    .flatMap(({ cell_type: kind, source, outputs }) =>
      kind === 'markdown'
        ? [joined(source)]
        : [fenced(joined(source), 'python'), ...(outputs ?? []).map(written)]
    )
    .filter(part => part !== '')
    .join('\n\n');
}

function joined(lines: string | string[] | undefined): string {
  return Array.isArray(lines) ? lines.join('') : (lines ?? '');
}

/** A block whose fence is longer than any in it. */
function fenced(text: string, language: string): string {
  if (text.trim() === '') {
    return '';
  }
  const runs = text.match(/`+/g) ?? [];
  const fence = '`'.repeat(Math.max(2, ...runs.map(run => run.length)) + 1);
  return `${fence}${language}\n${text.replace(/\n$/, '')}\n${fence}`;
}

function written({ text, data, ename, evalue }: Output): string {
  const png = joined(data?.['image/png']).replace(/\s/g, '');
  if (png !== '') {
    return `![](data:image/png;base64,${png})`;
  }
  const plain = ename
    ? `${ename}: ${evalue ?? ''}`
    : joined(text ?? data?.['text/plain']);
  return fenced(plain, '');
}
