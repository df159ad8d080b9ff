/** What is to be typed: in a cell, or, where a page cannot do it, in a terminal. */

import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Button, IconButton } from './controls';

/** The words, as they are typed; a click copies them. */
export function Command(props: {
  text: string;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { text, trans } = props;
  const [isCopied, setCopied] = React.useState(false);
  return (
    <div className="jp-mlops-line jp-mlops-command-line">
      <pre className="jp-mlops-command" tabIndex={0}>
        {text}
      </pre>
      <IconButton
        icon={isCopied ? 'check' : 'copy'}
        label={isCopied ? trans.__('Copied') : trans.__('Copy')}
        onClick={() => {
          void navigator.clipboard.writeText(text).then(() => setCopied(true));
        }}
      />
    </div>
  );
}

/** A command that is started in a terminal of JupyterLab, or where there is none is typed in another one. */
export function InTerminal(props: {
  text: string;
  /** What the button is called that starts it. */
  label: string;
  start: ((command: string) => Promise<void>) | null;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { text, label, start, trans } = props;
  return (
    <div className="jp-mlops-terminal">
      {start && (
        <Button
          label={label}
          icon="run"
          title={trans.__('In a terminal, where it is seen and stopped')}
          onClick={() => void start(text)}
        />
      )}
      <details>
        <summary>{trans.__('Show the command for a terminal')}</summary>
        <Command text={text} trans={trans} />
      </details>
    </div>
  );
}
