/** Addresses of pages as texts that stand in a link, and back. Pure. */

import { URLExt } from '@jupyterlab/coreutils';

import type { Address } from './page';

/** The word in a link's query that says which page to open. */
export const WORD = 'mlops';

/** An address as a text: `run/ID`, `canvas/PATH`, `notebooks/PATH`, `comparison/ID/ID`, `model/NAME`, `data/NAME`, `sweep/ID`. */
export function textOf(address: Address): string {
  const parts = (): readonly (string | number | undefined)[] => {
    switch (address.kind) {
      case 'table':
        return [];
      case 'run':
        return [address.id];
      case 'canvas':
      case 'notebooks':
        return [address.path];
      case 'comparison':
        return address.ids;
      case 'model':
        return [address.name, address.version];
      case 'monitoring':
        return [address.name];
      case 'data':
        return address.name === '' ? [] : [address.name, address.version];
      case 'schedule':
        return address.name === '' ? ['', address.path] : [address.name];
      case 'sweep':
        return [address.id];
      case 'new-sweep':
        return [address.path];
    }
  };
  return [address.kind, ...parts()]
    .filter(part => part !== undefined)
    .map(part => encodeURIComponent(part))
    .join('/');
}

/** The address in such a text; nothing where there is none. */
export function addressOf(text: string): Address | null {
  let parts: string[];
  try {
    parts = text.split('/').map(decodeURIComponent);
  } catch {
    return null;
  }
  const [kind, first = '', second = ''] = parts;
  if (kind === 'table') {
    return { kind };
  }
  if (kind === 'data') {
    const version = Number(second);
    return version > 0 ? { kind, name: first, version } : { kind, name: first };
  }
  if (kind === 'schedule' && first === '' && second !== '') {
    return { kind, name: '', path: second };
  }
  if (first === '') {
    return null;
  }
  switch (kind) {
    case 'run':
      return { kind, id: first, name: first.slice(0, 8) };
    case 'canvas':
    case 'notebooks':
      return { kind, path: first };
    case 'comparison':
      return { kind, ids: parts.slice(1) };
    case 'model': {
      const version = Number(second);
      return version > 0
        ? { kind, name: first, version }
        : { kind, name: first };
    }
    case 'schedule':
    case 'monitoring':
      return { kind, name: first };
    case 'sweep':
      return { kind, id: first, name: '' };
    case 'new-sweep':
      return { kind, path: first };
    default:
      return null;
  }
}

/** The link to a page; `place` is the address of the application itself. */
export function linkTo(address: Address, place: string): string {
  return `${place}${URLExt.objectToQueryString({ [WORD]: textOf(address) })}`;
}

/** The address in the query of a link; nothing where there is none. */
export function addressIn(search: string): Address | null {
  const text = new URLSearchParams(search).get(WORD);
  return text === null ? null : addressOf(text);
}
