/** How a pipeline is run at set times: the line for the system's own scheduler. */

import { Dialog, showDialog } from '@jupyterlab/apputils';
import { PageConfig } from '@jupyterlab/coreutils';
import { TranslationBundle } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';

import { cronLine } from './cron';

/** Shows the line, to be copied. */
export async function showSchedule(
  path: string,
  trans: TranslationBundle
): Promise<void> {
  const line = cronLine(PageConfig.getOption('serverRoot'), path);
  const body = new Widget();
  const text = document.createElement('p');
  text.textContent = trans.__(
    'A run needs no browser and no server, so any scheduler can start it. For cron, every night at three:'
  );
  const shown = document.createElement('pre');
  shown.className = 'jp-mlops-log';
  shown.tabIndex = 0;
  shown.textContent = line;
  body.node.append(text, shown);
  const answer = await showDialog({
    title: trans.__('Schedule'),
    body,
    buttons: [
      Dialog.cancelButton({ label: trans.__('Close') }),
      Dialog.okButton({ label: trans.__('Copy') })
    ]
  });
  if (answer.button.accept) {
    await navigator.clipboard.writeText(line);
  }
}
