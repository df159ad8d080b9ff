/** What people say of a run, as Markdown: drawn by JupyterLab's own renderer, which lets no script through. */

import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { Widget } from '@lumino/widgets';
import * as React from 'react';

import { Button, Card, IconButton } from '../elements';
import { Shown } from './page';

/** The card. A run without a note has a field for one. */
export function Note({ around, model, found }: Shown): React.JSX.Element {
  const { trans, rendermime } = around;
  const [isOpen, setOpen] = React.useState(found.note === '');
  const [text, setText] = React.useState(found.note);
  const [isSaved, setSaved] = React.useState(false);
  const finish = async (): Promise<void> => {
    await model.edit({ note: text });
    setSaved(true);
    setOpen(text === '');
  };
  return (
    <Card
      title={trans.__('Note')}
      actions={
        !isOpen && (
          <IconButton
            icon="edit"
            label={trans.__('Edit Note')}
            onClick={() => {
              setText(found.note);
              setSaved(false);
              setOpen(true);
            }}
          />
        )
      }
    >
      {isOpen ? (
        <form
          className="jp-mlops-note"
          onSubmit={event => {
            event.preventDefault();
            void finish();
          }}
        >
          <textarea
            aria-label={trans.__('Note')}
            placeholder={trans.__('What should people know of this run?')}
            value={text}
            onChange={event => setText(event.target.value)}
          />
          <div className="jp-mlops-line">
            <Button
              label={trans.__('Save Note')}
              disabled={text === found.note}
            />
            <span className="jp-mlops-hint">{trans.__('Markdown')}</span>
          </div>
        </form>
      ) : (
        <Markdown text={found.note} rendermime={rendermime} />
      )}
      <span role="status" className="jp-mlops-hint">
        {isSaved ? trans.__('Saved') : ''}
      </span>
    </Card>
  );
}

/** A text as Markdown; as it stands where nothing can draw it. */
function Markdown(props: {
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
