/** The box above the list: words, or a filter that completes names. */

import { TranslationBundle } from '@jupyterlab/translation';
import { Debouncer } from '@lumino/polling';
import * as React from 'react';

import { Icon } from '../elements';
import { ATTRIBUTES } from './columns';
import { isCondition } from './condition';
import { RunsModel } from './model';

const WORD = /[A-Za-z][\w.`/-]*$/;
const PAUSE = 200; // milliseconds after a key before words are looked for

/** The box. Words are looked for as they are typed, a filter once it is whole: with Enter. */
export function Search(props: {
  model: RunsModel;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { model, trans } = props;
  const [text, setText] = React.useState(model.wanted);
  const list = React.useId();
  const names = useNames(model, text);
  const soon = React.useMemo(
    () => new Debouncer((wanted: string) => model.search(wanted), PAUSE),
    [model]
  );
  React.useEffect(() => () => soon.dispose(), [soon]);
  return (
    <form
      className="jp-mlops-find"
      role="search"
      onSubmit={event => {
        event.preventDefault();
        void model.search(text);
      }}
    >
      <Icon name="search" />
      <input
        type="search"
        aria-label={trans.__('Search last runs')}
        aria-invalid={model.problem !== null}
        placeholder={trans.__('Search runs')}
        title={trans.__(
          'Words find names, notes, tags and params; or a filter, such as metrics.acc > 0.9'
        )}
        list={list}
        value={text}
        spellCheck={false}
        onChange={event => {
          const { value } = event.target;
          setText(value);
          if (!isCondition(value)) {
            void soon.invoke(value);
          }
        }}
      />
      <datalist id={list}>
        {names.map(([whole, name]) => (
          <option key={name} value={whole} label={name} />
        ))}
      </datalist>
    </form>
  );
}

/** The texts that complete the word being typed, each with the name that it ends with. */
function useNames(
  model: RunsModel,
  text: string
): readonly (readonly [whole: string, name: string])[] {
  const [names, setNames] = React.useState<readonly string[]>([]);
  const [word] = WORD.exec(text) ?? [''];
  React.useEffect(() => {
    if (word === '') {
      setNames([]);
      return;
    }
    let wanted = true;
    const known = ['metrics.', 'params.', 'tags.', 'status', ...ATTRIBUTES];
    void model.names(word).then(found => {
      if (wanted) {
        setNames([...known.filter(name => name.startsWith(word)), ...found]);
      }
    });
    return () => {
      wanted = false;
    };
  }, [word]);
  const before = text.slice(0, text.length - word.length);
  return names
    .filter(name => name !== word)
    .map(name => [before + name, name] as const);
}
