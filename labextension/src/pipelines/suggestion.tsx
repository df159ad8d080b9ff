/** Steps proposed from the headings of a notebook: what would change is shown before anything does. */

import { Dialog, ReactWidget, showDialog } from '@jupyterlab/apputils';
import { NotebookPanel } from '@jupyterlab/notebook';
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Client } from '../api/client';
import { TagChange } from '../api/types';
import { Choice } from '../elements';
import { applyChanges } from '../steps/retagging';
import { contentOf } from './checker';

const SOURCES = ['headings', 'cells', 'kale'] as const;

interface Props {
  panel: NotebookPanel;
  client: Client;
  trans: TranslationBundle;
}

/** The proposal in a dialog; it keeps what is shown, to be applied. */
class Proposal extends ReactWidget {
  constructor(private readonly _props: Props) {
    super();
    this.addClass('jp-mlops-proposal');
  }

  changes: readonly TagChange[] = [];

  protected override render(): React.JSX.Element {
    return (
      <Preview
        {...this._props}
        onChange={changes => (this.changes = changes)}
      />
    );
  }
}

/** Proposes steps, and applies them if the user agrees. */
export async function suggestSteps(props: Props): Promise<void> {
  const body = new Proposal(props);
  const { trans } = props;
  const answer = await showDialog({
    title: trans.__('Suggested Steps'),
    body,
    buttons: [
      Dialog.cancelButton(),
      Dialog.okButton({ label: trans.__('Tag Cells') })
    ]
  });
  if (answer.button.accept) {
    applyChanges(props.panel.content, body.changes);
  }
}

function Preview(
  props: Props & { onChange: (changes: readonly TagChange[]) => void }
): React.JSX.Element {
  const { panel, client, trans, onChange } = props;
  const [source, setSource] = React.useState('headings');
  const [changes, setChanges] = React.useState<readonly TagChange[]>([]);
  const [problem, setProblem] = React.useState('');
  React.useEffect(() => {
    const content = contentOf(panel);
    client.suggest(content, source).then(
      found => {
        setChanges(found.cells);
        onChange(found.cells);
        setProblem('');
      },
      error => setProblem(String(error))
    );
  }, [source]);
  const labels = {
    headings: trans.__('second-level headings'),
    cells: trans.__('each cell'),
    kale: trans.__("Kale's tags")
  };
  return (
    <div>
      <label>
        {trans.__('A step from')}{' '}
        <Choice
          label={trans.__('A step from')}
          value={source}
          values={SOURCES}
          names={labels}
          onChange={setSource}
        />
      </label>
      {problem && <p role="alert">{problem}</p>}
      <p role="status">
        {trans._n('%1 cell changes', '%1 cells change', changes.length)}
      </p>
      <Changes panel={panel} changes={changes} />
    </div>
  );
}

function Changes(props: {
  panel: NotebookPanel;
  changes: readonly TagChange[];
}): React.JSX.Element {
  const { panel, changes } = props;
  return (
    <table>
      <tbody>
        {changes.map(({ cell, tags }) => (
          <tr key={cell}>
            <td>{cell}</td>
            <td>
              <code>{firstLine(panel, cell)}</code>
            </td>
            <th>{tags.join(' ')}</th>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function firstLine(panel: NotebookPanel, cell: number): string {
  const source = panel.content.widgets[cell - 1]?.model.sharedModel.getSource();
  return (source ?? '').split('\n')[0]?.slice(0, 60) ?? '';
}
