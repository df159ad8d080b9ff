/** Making the file that names several notebooks. */

import { InputDialog } from '@jupyterlab/apputils';
import { PathExt } from '@jupyterlab/coreutils';
import { Contents } from '@jupyterlab/services';
import { TranslationBundle } from '@jupyterlab/translation';

import { newFile } from './file';

/** Asks what the file is called; nothing if the user thinks better of it. */
async function askName(trans: TranslationBundle): Promise<string> {
  const answer = await InputDialog.getText({
    title: trans.__('A pipeline of several notebooks'),
    label: trans.__('The name of its file, beside the first notebook'),
    text: 'pipeline.yaml',
    pattern: '.+\\.ya?ml',
    required: true,
    selectionRange: 'pipeline'.length
  });
  return answer.button.accept ? (answer.value ?? '').trim() : '';
}

/** Makes the file beside the first of the notebooks, unless there is one; its path, or nothing if nobody wants it. */
export async function make(
  contents: Contents.IManager,
  notebooks: readonly string[],
  trans: TranslationBundle
): Promise<string> {
  const name = await askName(trans);
  if (name === '') {
    return '';
  }
  const path = PathExt.join(PathExt.dirname(notebooks[0] ?? ''), name);
  try {
    await contents.get(path, { content: false });
  } catch {
    await contents.save(path, {
      type: 'file',
      format: 'text',
      content: newFile(path, notebooks)
    });
  }
  return path;
}
