/** How a version differs from another one: rows, files, columns that are new or gone, types. */

import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { DatasetWhole, FileChanges } from '../api/types';
import { Card, IconButton } from '../elements';
import { Pair, Pairs } from '../run/pairs';
import type { Shown } from './page';

/** Which files are otherwise, in words; nothing where all are the same. */
export function filesOf(
  { changed, gone, more }: FileChanges,
  trans: TranslationBundle
): string {
  const parts: readonly (readonly [FileChanges['changed'], string])[] = [
    [changed, trans.__('changed')],
    [gone, trans.__('gone')],
    [more, trans.__('new')]
  ];
  return parts
    .filter(([{ count }]) => count > 0)
    .map(([{ count, first }, word]) => {
      const rest = count > 3 ? trans.__(' and %1 more', count - 3) : '';
      return `${word}: ${first.slice(0, 3).join(', ')}${rest}`;
    })
    .join('; ');
}

type Difference = NonNullable<DatasetWhole['difference']>;

function pairsOf(difference: Difference, trans: TranslationBundle): Pair[] {
  const [before, now] = difference.rows;
  const drifted = (difference.moved ?? []).filter(one => one.drifted);
  return [
    ...(typeof before === 'number' && typeof now === 'number'
      ? [
          {
            name: trans.__('Rows'),
            value: `${before.toLocaleString('en')} → ${now.toLocaleString('en')} (${now >= before ? '+' : '−'}${Math.abs(now - before).toLocaleString('en')})`
          }
        ]
      : []),
    {
      name: trans.__('Files'),
      value: filesOf(difference.files, trans) || trans.__('the same')
    },
    ...(difference.columns_new.length > 0
      ? [
          {
            name: trans.__('New columns'),
            value: difference.columns_new.join(', ')
          }
        ]
      : []),
    ...(difference.columns_gone.length > 0
      ? [
          {
            name: trans.__('Columns that are gone'),
            value: difference.columns_gone.join(', ')
          }
        ]
      : []),
    ...difference.types.map(([name, old, type]) => ({
      name: trans.__('Type of %1', name ?? ''),
      value: `${old} → ${type}`
    })),
    {
      name: trans.__('Moved'),
      value:
        difference.moved === null
          ? trans.__('not known: one version has no profile')
          : drifted.map(one => one.name).join(', ') || trans.__('no column')
    }
  ];
}

/** The card. */
export function Differences(
  props: Shown & { difference: Difference }
): React.JSX.Element {
  const { around, whole, compare, difference } = props;
  const { trans } = around;
  const pairs = pairsOf(difference, trans);
  return (
    <Card
      title={trans.__(
        'v%1 beside %2',
        whole.version,
        (whole.against ?? '').replace('/', ' v')
      )}
      actions={
        <IconButton
          icon="close"
          label={trans.__('Close')}
          onClick={() => compare('')}
        />
      }
    >
      <Pairs pairs={pairs} trans={trans} />
    </Card>
  );
}
