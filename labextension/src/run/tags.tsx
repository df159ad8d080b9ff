/** The tags of a run, which are edited where they stand. */

import * as React from 'react';

import { Button, Card, IconButton, TextForm } from '../elements';
import { changedTags, readTags, writeTags } from '../runs/columns';
import { Shown } from './page';
import { Pairs } from './pairs';

const OURS = new Set(['pipeline', 'folder', 'cached', 'skipped']);

/** The tags that people gave, without those that the product keeps for itself. */
export function ownTags(
  tags: Readonly<Record<string, string>>
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(tags).filter(([name]) => !OURS.has(name))
  );
}

/** The card. */
export function Tags({ around, model, found }: Shown): React.JSX.Element {
  const { trans } = around;
  const [isOpen, setOpen] = React.useState(false);
  const own = ownTags(found.tags);
  const tags = Object.entries(own);
  return (
    <Card
      title={trans.__('Tags')}
      actions={
        !isOpen &&
        tags.length > 0 && (
          <IconButton
            icon="edit"
            label={trans.__('Edit Tags')}
            onClick={() => setOpen(true)}
          />
        )
      }
    >
      {isOpen ? (
        <Field
          text={writeTags(own)}
          onSave={text => {
            setOpen(false);
            void model.edit({ tags: changedTags(own, readTags(text)) });
          }}
          onCancel={() => setOpen(false)}
          trans={trans}
        />
      ) : tags.length === 0 ? (
        <button
          type="button"
          className="jp-mlops-link"
          onClick={() => setOpen(true)}
        >
          {trans.__('Add a tag')}
        </button>
      ) : (
        <Pairs
          pairs={tags.map(([name, value]) => ({ name, value }))}
          trans={trans}
        />
      )}
    </Card>
  );
}

/** The field that tags are written in; Escape closes it. */
function Field(props: {
  text: string;
  onSave: (text: string) => void;
  onCancel: () => void;
  trans: Shown['around']['trans'];
}): React.JSX.Element {
  const { text, onSave, onCancel, trans } = props;
  return (
    <TextForm
      className="jp-mlops-note"
      initial={text}
      onSave={onSave}
      onCancel={onCancel}
    >
      {field => (
        <>
          <input
            className="jp-mod-styled"
            aria-label={trans.__('Tags')}
            placeholder={trans.__('team = growth, candidate')}
            {...field}
          />
          <p className="jp-mlops-hint">
            {trans.__('Names with values, separated by commas.')}
          </p>
          <div className="jp-mlops-line">
            <Button accept label={trans.__('Save')} />
            <Button label={trans.__('Cancel')} onClick={onCancel} />
          </div>
        </>
      )}
    </TextForm>
  );
}
