/** What is asked before an alias moves, and what is shown of versions: in dialogs. */

import { Dialog, InputDialog, showDialog } from '@jupyterlab/apputils';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { TranslationBundle } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';

import { VersionComparison } from '../api/types';

/** Asks why something is done; nothing if the user would rather not do it. */
export async function askWhy(props: {
  title: string;
  label: string;
  button: string;
  required?: boolean;
}): Promise<string | null> {
  const answer = await InputDialog.getText({
    title: props.title,
    label: props.label,
    okLabel: props.button,
    required: props.required ?? false
  });
  return answer.button.accept ? (answer.value ?? '') : null;
}

/** Shows a model card; without a renderer, as the text that it is. */
export async function showCard(
  title: string,
  text: string,
  rendermime: IRenderMimeRegistry | null,
  trans: TranslationBundle
): Promise<void> {
  let body: Widget;
  if (rendermime === null) {
    body = new Widget();
    body.node.textContent = text;
  } else {
    const renderer = rendermime.createRenderer('text/markdown');
    await renderer.renderModel(
      rendermime.createModel({ data: { 'text/markdown': text } })
    );
    body = renderer;
  }
  await show(title, body, trans);
}

/** Shows versions side by side; what differs stands out. */
export async function showComparison(
  { titles, lines }: VersionComparison,
  trans: TranslationBundle
): Promise<void> {
  const table = document.createElement('table');
  table.className = 'jp-mlops-comparison';
  const head = table.createTHead().insertRow();
  for (const title of ['', ...titles]) {
    const cell = document.createElement('th');
    cell.textContent = title;
    head.append(cell);
  }
  const rows = table.createTBody();
  for (const line of lines) {
    const row = rows.insertRow();
    row.dataset.differs = String(line.differs);
    for (const text of [line.name, ...line.values]) {
      row.insertCell().textContent = text;
    }
  }
  const body = new Widget();
  body.node.append(table);
  await show(titles.join(', '), body, trans);
}

async function show(
  title: string,
  body: Widget,
  trans: TranslationBundle
): Promise<void> {
  body.addClass('jp-mlops-shown');
  body.node.tabIndex = 0;
  await showDialog({
    title,
    body,
    buttons: [Dialog.okButton({ label: trans.__('Close') })]
  });
}
