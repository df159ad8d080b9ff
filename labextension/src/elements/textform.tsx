/** A form of one text: Enter or its button saves it, Escape leaves it as it was. */

import * as React from 'react';

/** What the field of the form is given. */
export interface Field {
  value: string;
  autoFocus: true;
  onChange: (event: { target: { value: string } }) => void;
  onKeyDown: (event: React.KeyboardEvent) => void;
}

/** The form; `children` draws the field with what it is given, and what stands below it. */
export function TextForm(props: {
  className: string;
  initial?: string;
  onSave: (text: string) => void;
  onCancel?: () => void;
  children: (field: Field) => React.ReactNode;
}): React.JSX.Element {
  const { className, initial = '', onSave, onCancel, children } = props;
  const [value, setValue] = React.useState(initial);
  return (
    <form
      className={className}
      onSubmit={event => {
        event.preventDefault();
        onSave(value);
      }}
    >
      {children({
        value,
        autoFocus: true,
        onChange: event => setValue(event.target.value),
        onKeyDown: event => {
          if (event.key === 'Escape' && onCancel !== undefined) {
            event.stopPropagation();
            onCancel();
          }
        }
      })}
    </form>
  );
}
