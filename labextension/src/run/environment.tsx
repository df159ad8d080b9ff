/** What a run was executed in: versions of packages, the state of the code. */

import * as React from 'react';

import { Card } from '../elements';
import { Shown } from './page';
import { Pairs } from './pairs';
import { readable } from './system';

/** The tab. */
export function Environment({ around, found }: Shown): React.JSX.Element {
  const { trans } = around;
  const [wanted, setWanted] = React.useState('');
  const packages = Object.entries(
    (found.facts.packages ?? {}) as Record<string, string>
  );
  const shown = packages.filter(([name]) =>
    name.toLowerCase().includes(wanted.toLowerCase())
  );
  const git = (found.facts.git ?? {}) as Record<string, unknown>;
  const command = found.facts.command;
  return (
    <div className="jp-mlops-columns-2">
      <Card
        title={trans.__('Packages')}
        hint={String(packages.length)}
        actions={
          <input
            type="search"
            aria-label={trans.__('Search packages')}
            placeholder={trans.__('Search')}
            value={wanted}
            onChange={event => setWanted(event.target.value)}
          />
        }
      >
        <Pairs
          pairs={shown.map(([name, value]) => ({ name, value }))}
          trans={trans}
        />
      </Card>
      <div>
        <Card title={trans.__('Code')}>
          <Pairs
            pairs={readable({
              notebook: relative(found.source, found.facts.directory),
              ...git,
              ...(Array.isArray(command) ? { command: commandOf(command) } : {})
            })}
            trans={trans}
          />
        </Card>
      </div>
    </div>
  );
}

/** A path below the working directory of the run as seen from there. Pure. */
export function relative(path: string, directory: unknown): string {
  return typeof directory === 'string' && path.startsWith(`${directory}/`)
    ? path.slice(directory.length + 1)
    : path;
}

/** A command as it is typed: programs by their names. Pure. */
export function commandOf(words: readonly unknown[]): string {
  const [program = '', ...others] = words.map(String);
  const name = program
    .replace(/\/__main__\.py$/, '')
    .split('/')
    .pop();
  return [name?.replace(/_/g, '-') ?? '', ...others].join(' ');
}
