/** What is to be typed: in a cell, or, where a page cannot do it, in a terminal. */

import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { IconButton } from './controls';

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

/** A command that is seen on demand: the words before it say what it is for. */
export function InTerminal(props: {
  text: string;
  trans: TranslationBundle;
}): React.JSX.Element {
  return (
    <details className="jp-mlops-terminal">
      <summary>{props.trans.__('Show the command for a terminal')}</summary>
      <Command {...props} />
    </details>
  );
}
