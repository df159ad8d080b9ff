import { describe, expect, it } from 'vitest';

import { addressIn, addressOf, linkTo, textOf } from './links';
import type { Address } from './page';

const ADDRESSES: Address[] = [
  { kind: 'table' },
  { kind: 'run', id: 'abcdef012345', name: 'abcdef01' },
  { kind: 'comparison', ids: ['a', 'b', 'c'] },
  { kind: 'model', name: 'late flights & more/less?' },
  { kind: 'model', name: 'flights', version: 3 },
  { kind: 'schedule', name: 'nightly' },
  { kind: 'schedule', name: '', path: 'sub/late flights.ipynb' },
  { kind: 'monitoring', name: 'late flights' },
  { kind: 'data', name: '' },
  { kind: 'data', name: 'flights', version: 2 },
  { kind: 'sweep', id: 'abcdef012345', name: '' },
  { kind: 'new-sweep', path: 'sub/a.ipynb' }
];

describe('links', () => {
  it.each(ADDRESSES)('lead back to where they were made: %j', address => {
    expect(addressOf(textOf(address))).toEqual(address);
    const link = new URL(linkTo(address, 'http://host/base/lab'));
    expect(addressIn(link.search)).toEqual(address);
  });

  it('lead nowhere when they are none', () => {
    for (const text of ['', 'run', 'run/', 'nonsense/x', 'model/%E0%A4%A']) {
      expect(addressOf(text)).toBeNull();
    }
    expect(addressIn('?other=1')).toBeNull();
  });
});
