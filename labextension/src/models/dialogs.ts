/** What is asked before an alias moves. */

import { InputDialog } from '@jupyterlab/apputils';

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
