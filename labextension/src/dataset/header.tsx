/** The head of registered data: which version, beside which other one, and whether the files are as they were. */

import * as React from 'react';

import { Verified } from '../api/types';
import { Button, Chip, Choice, Menu, State } from '../elements';
import { Problem, problemOf } from '../problems';
import { exactly, size, when } from '../runs/words';
import { filesOf } from './differences';
import type { Shown } from './page';

/** The head. */
export function Header(props: Shown): React.JSX.Element {
  const { around, dataset, whole } = props;
  const { trans } = around;
  return (
    <header>
      <div className="jp-mlops-line">
        <h1>{dataset.name}</h1>
        <Chip
          text={trans._n(
            '%1 version',
            '%1 versions',
            dataset.versions.length,
            dataset.versions.length
          )}
        />
        {whole.aliases.map(alias => (
          <span key={alias} className="jp-mlops-made">
            {alias}
          </span>
        ))}
        <span className="jp-mlops-gap" />
        <Deeds {...props} />
        <Menu
          bare
          label={trans.__('More')}
          entries={[
            {
              label: trans.__('Copy Link'),
              act: () =>
                around.copyLink({
                  kind: 'data',
                  name: dataset.name,
                  version: whole.version
                })
            },
            {
              label: trans.__('Show All Data'),
              act: () => around.openData('')
            }
          ]}
        />
      </div>
      <Facts {...props} />
    </header>
  );
}

/** Where the data lie, how many they are, who added them, and whether they are as they were. */
function Facts(props: Shown): React.JSX.Element {
  const { around, whole } = props;
  const { trans } = around;
  const now = Date.now() / 1000;
  const facts = [
    whole.source,
    whole.rows === null
      ? ''
      : trans.__('%1 rows', whole.rows.toLocaleString('en')),
    whole.files === null
      ? ''
      : trans._n('%1 file', '%1 files', whole.files, whole.files),
    whole.size === null ? '' : size(whole.size),
    whole.own
  ].filter(Boolean);
  return (
    <div className="jp-mlops-facts">
      {facts.map(fact => (
        <span key={fact}>{fact}</span>
      ))}
      <span title={exactly(whole.created)}>
        {trans.__(
          'v%1 added %2 by %3',
          whole.version,
          when(whole.created, now, trans),
          whole.user
        )}
      </span>
      <Verifying key={whole.version} {...props} />
    </div>
  );
}

function Deeds(props: Shown): React.JSX.Element {
  const { around, dataset, whole, choose, against, compare } = props;
  const { trans } = around;
  const { versions } = dataset;
  const nameOf = (version: number): string => {
    const aliases = versions.find(one => one.version === version)?.aliases;
    return [`v${version}`, ...(aliases ?? [])].join(', ');
  };
  const others = versions.filter(one => one.version !== whole.version);
  const addresses = others.map(one => `${dataset.name}/${one.version}`);
  return (
    <>
      <Choice
        label={trans.__('Version')}
        value={String(whole.version)}
        values={versions.map(one => String(one.version))}
        names={Object.fromEntries(
          versions.map(one => [String(one.version), nameOf(one.version)])
        )}
        onChange={value => {
          compare('');
          choose(Number(value));
        }}
      />
      {others.length > 0 && (
        <Choice
          label={trans.__('Compare with')}
          value={against}
          values={['', ...addresses]}
          names={{
            '': trans.__('Compare with…'),
            ...Object.fromEntries(
              others.map(one => [
                `${dataset.name}/${one.version}`,
                trans.__('against %1', nameOf(one.version))
              ])
            )
          }}
          onChange={compare}
        />
      )}
    </>
  );
}

/** Whether the files are as they were; asked when one wants to know. */
function Verifying({ around, whole }: Shown): React.JSX.Element | null {
  const { trans, client } = around;
  const [found, setFound] = React.useState<Verified | null>(null);
  const [problem, setProblem] = React.useState<Problem | null>(null);
  const [isAsking, setAsking] = React.useState(false);
  const verify = async (): Promise<void> => {
    setAsking(true);
    try {
      const address = `${whole.dataset}/${whole.version}`;
      setFound(await client.data.verifyDataset(address));
      setProblem(null);
    } catch (error) {
      setProblem(problemOf(error));
    }
    setAsking(false);
  };
  if (whole.kind === 'query') {
    return <span>{trans.__('a query: its rows are not kept')}</span>;
  }
  if (problem !== null) {
    return (
      <span className="jp-mlops-why" role="alert">
        {[problem.message, problem.hint].filter(Boolean).join(': ')}
      </span>
    );
  }
  if (found !== null) {
    const word = found.same
      ? trans.__('files are as they were')
      : filesOf(found.changes, trans);
    return (
      <span
        className={found.same ? 'jp-mlops-line' : 'jp-mlops-line jp-mlops-why'}
        role="status"
      >
        <State state={found.same ? 'finished' : 'failed'} word={word} />
        {word}
      </span>
    );
  }
  return (
    <Button
      label={isAsking ? trans.__('Verifying…') : trans.__('Verify Files')}
      disabled={isAsking}
      title={trans.__(
        'Whether the files are as they were when they were added'
      )}
      onClick={() => void verify()}
    />
  );
}
