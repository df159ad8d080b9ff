/** The head of a model's page: its name, who is champion, and what can be done with the chosen version. */

import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { approve, promote, rollBack } from '../models/actions';
import { Waiting } from '../api/types';
import { Button, Chip, Menu } from '../elements';
import { exactly, when } from '../runs/words';
import { Shown } from './page';

/** Why a version cannot be compared with the champion; nothing if it can. */
export function whyNotCompared({
  around: { trans },
  champion,
  chosen
}: Pick<Shown, 'around' | 'champion' | 'chosen'>): string {
  if (champion === undefined) {
    return trans.__('Nothing to compare with: no version is champion yet.');
  }
  if (champion.version === chosen.version) {
    return trans.__('v%1 is the champion.', chosen.version);
  }
  if (chosen.same_rows) {
    return '';
  }
  const other = [chosen, champion].find(one => one.judged === null);
  return other !== undefined
    ? trans.__(
        'A comparison needs the same rows: no gate has judged v%1. Call gate.compare with it.',
        other.version
      )
    : trans.__(
        'A comparison needs the same rows: v%1 was judged on %2 rows, v%3 on %4 others. Judge both in one gate.',
        chosen.version,
        (chosen.judged?.rows ?? 0).toLocaleString('en'),
        champion.version,
        (champion.judged?.rows ?? 0).toLocaleString('en')
      );
}

/** The head. */
export function Header(props: Shown): React.JSX.Element {
  const { around, model, champion, chosen } = props;
  const { trans } = around;
  const now = Date.now() / 1000;
  const why = whyNotCompared(props);
  const maker = chosen.made_by[0];
  return (
    <header>
      <div className="jp-mlops-line">
        <h1>{model.name}</h1>
        <Chip
          text={trans._n(
            '%1 version',
            '%1 versions',
            model.versions.length,
            model.versions.length
          )}
        />
        {champion ? (
          <span className="jp-mlops-made">
            {trans.__('v%1 champion', champion.version)}
          </span>
        ) : (
          <Chip text={trans.__('no champion yet')} />
        )}
        <span className="jp-mlops-gap" />
        <Deeds {...props} why={why} />
      </div>
      <div className="jp-mlops-facts">
        {maker?.source && <span>{trans.__('Made by %1', maker.source)}</span>}
        <span title={exactly(chosen.created)}>
          {trans.__(
            'v%1 registered %2 by %3',
            chosen.version,
            when(chosen.created, now, trans),
            chosen.user
          )}
        </span>
        {chosen.waits && <span>{waitsFor(chosen.waits, trans)}</span>}
        {why && (
          <span className={chosen === champion ? '' : 'jp-mlops-why'}>
            {why}
          </span>
        )}
      </div>
    </header>
  );
}

/** What a version waits for before it may be champion: `1 of 2 approvals by bob, carol: bob@desk`. */
function waitsFor(waits: Waiting, trans: TranslationBundle): string {
  const { count, by, given, against } = waits;
  const asked = by.includes('*')
    ? trans._n('%2 of %1 approval', '%2 of %1 approvals', count, given.length)
    : trans._n(
        '%2 of %1 approval by %3',
        '%2 of %1 approvals by %3',
        count,
        given.length,
        by.join(', ')
      );
  const names = given.length > 0 ? `: ${given.join(', ')}` : '';
  return [`${asked}${names}`, against].filter(Boolean).join(' – ');
}

/** The button of somebody whose approval is waited for; disabled with the reason where it would not count. */
function Approve(props: Shown): React.JSX.Element | null {
  const { around, fetched, model, chosen } = props;
  const { trans, client } = around;
  const parts = { models: fetched, client, trans };
  return (
    chosen.waits && (
      <Button
        label={trans.__('Approve v%1', chosen.version)}
        icon="check"
        disabled={!model.writable || chosen.waits.against !== ''}
        title={chosen.waits.against}
        onClick={() => void approve(parts, model, chosen)}
      />
    )
  );
}

function Deeds(props: Shown & { why: string }): React.JSX.Element {
  const { around, fetched, model, champion, chosen, why } = props;
  const { trans, client } = around;
  const parts = { models: fetched, client, trans };
  const locked = !model.writable;
  const maker = chosen.made_by[0];
  return (
    <>
      <Button
        label={trans.__('Compare with Champion')}
        disabled={why !== ''}
        title={why}
        onClick={() => props.compare(!props.isCompared)}
      />
      <Approve {...props} />
      <Button
        label={trans.__('Promote v%1', chosen.version)}
        accept={chosen.verdict === 'pass' && chosen !== champion}
        disabled={locked || chosen === champion}
        title={chosen === champion ? trans.__('It is the champion.') : ''}
        onClick={() => void promote(parts, model, chosen)}
      />
      <Button
        label={trans.__('Roll Back')}
        disabled={locked || champion === undefined}
        title={champion ? '' : trans.__('No version is champion yet.')}
        onClick={() => void rollBack(parts, model)}
      />
      <Menu
        bare
        label={trans.__('More')}
        entries={[
          {
            label: trans.__('Copy Link'),
            act: () =>
              around.copyLink({
                kind: 'model',
                name: model.name,
                version: chosen.version
              })
          },
          ...(maker
            ? [
                {
                  label: trans.__('Open Run of v%1', chosen.version),
                  act: () => around.open(maker)
                }
              ]
            : [])
        ]}
      />
    </>
  );
}
