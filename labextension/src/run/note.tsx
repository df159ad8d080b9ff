/** What people say of a run, as Markdown: drawn by JupyterLab's own renderer, which lets no script through. */

import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { TranslationBundle } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';
import * as React from 'react';

import { Button, Card, IconButton, TextForm } from '../elements';
import { Shown } from './page';

/** The card; the field for a note opens on demand. */
export function Note({ around, model, found }: Shown): React.JSX.Element {
  const { trans, rendermime } = around;
  const [isOpen, setOpen] = React.useState(false);
  const [isSaved, setSaved] = React.useState(false);
  const open = (): void => {
    setSaved(false);
    setOpen(true);
  };
  const save = async (text: string): Promise<void> => {
    await model.edit({ note: text });
    setSaved(true);
    setOpen(false);
  };
  const isEmpty = found.note === '';
  return (
    <Card
      title={trans.__('Note')}
      actions={
        !isOpen &&
        !isEmpty && (
          <IconButton
            icon="edit"
            label={trans.__('Edit Note')}
            onClick={open}
          />
        )
      }
    >
      {isOpen ? (
        <Field
          note={found.note}
          onSave={text => void save(text)}
          onCancel={() => setOpen(false)}
          trans={trans}
        />
      ) : isEmpty ? (
        <button type="button" className="jp-mlops-link" onClick={open}>
          {trans.__('Add a note')}
        </button>
      ) : (
        <Markdown text={found.note} rendermime={rendermime} />
      )}
      <span role="status" className="jp-mlops-hint">
        {isSaved ? trans.__('Saved') : ''}
      </span>
    </Card>
  );
}

/** The field that a note is written in; Escape closes it. */
function Field(props: {
  note: string;
  onSave: (text: string) => void;
  onCancel: () => void;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { note, onSave, onCancel, trans } = props;
  return (
    <TextForm
      className="jp-mlops-note"
      initial={note}
      onSave={onSave}
      onCancel={onCancel}
    >
      {field => (
        <>
          <textarea
            aria-label={trans.__('Note')}
            placeholder={trans.__('What should people know about this run?')}
            {...field}
          />
          <div className="jp-mlops-line">
            <Button
              label={trans.__('Save Note')}
              disabled={field.value === note}
            />
            <span className="jp-mlops-hint">{trans.__('Markdown')}</span>
          </div>
        </>
      )}
    </TextForm>
  );
}

/** A text as Markdown; as it stands where nothing can draw it. */
export function Markdown(props: {
  text: string;
  rendermime: IRenderMimeRegistry | null;
}): React.JSX.Element {
  const { text, rendermime } = props;
  const host = React.useRef<HTMLDivElement>(null);
  React.useLayoutEffect(() => {
    if (rendermime === null || host.current === null) {
      return;
    }
    const drawn = rendermime.createRenderer('text/markdown');
    Widget.attach(drawn, host.current);
    void drawn.renderModel(
      rendermime.createModel({ data: { 'text/markdown': text } })
    );
    return () => {
      if (drawn.node.isConnected) {
        drawn.dispose(); // a widget that is gone from the document already cannot be detached
      }
    };
  }, [text, rendermime]);
  return rendermime === null ? <p>{text}</p> : <div ref={host} />;
}
