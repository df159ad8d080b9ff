/** Who made which version the champion, or took it back, and why. */

import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Button, Card } from '../elements';
import { exactly, when } from '../runs/words';
import { Told, toldOf } from './course';
import { Shown } from './page';

const FEW = 6;

/** The card. */
export function Moves({ around, model }: Shown): React.JSX.Element {
  const { trans } = around;
  const [all, setAll] = React.useState(false);
  const told = toldOf(model);
  const now = Date.now() / 1000;
  return (
    <Card
      title={trans.__('Who and why')}
      hint={trans.__('as it stands in the audit log')}
    >
      {told.length === 0 && (
        <p className="jp-mlops-hint">
          {trans.__('No version has been promoted or kept out yet.')}
        </p>
      )}
      <ul className="jp-mlops-moves">
        {told.slice(0, all ? undefined : FEW).map(one => {
          const [mark, what, why] = said(one, trans);
          return (
            <li key={`${one.kind} ${one.at}`} data-mark={mark}>
              <span aria-hidden="true">{mark}</span>
              <div>
                {what}
                <div
                  className="jp-mlops-hint"
                  title={`${exactly(one.at)}\n${why}`}
                >
                  {[when(one.at, now, trans), why].filter(Boolean).join(', ')}
                </div>
              </div>
            </li>
          );
        })}
      </ul>
      {told.length > FEW && (
        <Button
          label={
            all ? trans.__('Show fewer') : trans.__('Show all %1', told.length)
          }
          onClick={() => setAll(!all)}
        />
      )}
    </Card>
  );
}

/** A mark, what happened, and who did it why. */
function said(told: Told, trans: TranslationBundle): [string, string, string] {
  if (told.kind === 'kept out') {
    const { version, why } = told.version;
    return ['?', trans.__('v%1 kept out', version), trans.__('gate: %1', why)];
  }
  const { action, alias, before, after, who, reason } = told.move;
  const by =
    reason === ''
      ? trans.__('by %1', who)
      : trans.__('by %1: “%2”', who, reason);
  if (after === 0) {
    return ['–', trans.__('v%1 is no longer %2', before, alias), by];
  }
  if (action === 'roll back') {
    return ['↩', trans.__('v%1 rolled back to v%2', before, after), by];
  }
  const overridden = action.startsWith('override')
    ? trans.__('v%1 became %2 against its gate', after, alias)
    : trans.__('v%1 became %2', after, alias);
  return ['↑', overridden, by];
}
