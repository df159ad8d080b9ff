/** What the gate of each version said: a row a rule, a column a version, better to the right. */

import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { RuleResult, WholeVersion } from '../api/types';
import { Card, Popover, State, Tick, useWidth } from '../elements';
import { interval, isJudged, verdictOf } from '../models/gate';
import { Interval } from '../models/interval';
import { rulesOf } from './course';
import { Shown } from './page';

const NAMES = 190;
const COLUMN = 190;
const MOST = 4;

/** The card. */
export function Gates(props: Shown): React.JSX.Element {
  const { around, model, chosen, champion } = props;
  const { trans } = around;
  const [host, width] = useWidth<HTMLDivElement>(NAMES + MOST * COLUMN);
  const [wanted, setWanted] = React.useState<readonly number[] | null>(null);
  const judged = model.versions.filter(one => one.rules.length > 0);
  const fit = Math.max(1, Math.min(MOST, Math.floor((width - NAMES) / COLUMN)));
  const usual = [chosen, champion, ...judged]
    .filter(one => one !== undefined && judged.includes(one))
    .map(one => one?.version);
  const shown = judged.filter(one =>
    (wanted ?? [...new Set(usual)].slice(0, fit)).includes(one.version)
  );
  return (
    <Card
      title={trans.__('Gate of each version')}
      hint={trans.__(
        'Against the champion of its day, each rule in its own scale; better is right, the dashed line is the limit'
      )}
      actions={
        judged.length > 1 && (
          <Choosing
            judged={judged}
            shown={shown}
            choose={setWanted}
            trans={trans}
          />
        )
      }
    >
      <div ref={host} className="jp-mlops-wide">
        {judged.length === 0 ? (
          <p className="jp-mlops-hint">
            {trans.__(
              'No gate has judged a version yet. Tag a cell as gate and call gate.compare in it.'
            )}
          </p>
        ) : (
          <Table {...props} shown={shown} width={width} />
        )}
      </div>
    </Card>
  );
}

/** Which versions are shown. */
function Choosing(props: {
  judged: readonly WholeVersion[];
  shown: readonly WholeVersion[];
  choose: (versions: readonly number[]) => void;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { judged, shown, choose, trans } = props;
  return (
    <Popover label={trans.__('%1 of %2 versions', shown.length, judged.length)}>
      {() => (
        <div className="jp-mlops-choices">
          {judged.map(one => (
            <Tick
              key={one.version}
              label={`v${one.version}`}
              checked={shown.includes(one)}
              onChange={isWanted =>
                choose(
                  judged
                    .filter(other =>
                      other === one ? isWanted : shown.includes(other)
                    )
                    .map(other => other.version)
                )
              }
            />
          ))}
        </div>
      )}
    </Popover>
  );
}

function Table(
  props: Shown & { shown: readonly WholeVersion[]; width: number }
): React.JSX.Element {
  const { around, shown, chosen, choose, width } = props;
  const { trans } = around;
  const rules = rulesOf(shown);
  const names = Math.min(NAMES, Math.floor(width * 0.4));
  const each = Math.floor((width - names) / Math.max(shown.length, 1)) - 44;
  const drawn = Math.max(40, Math.min(each, 320));
  return (
    <table
      className="jp-mlops-table jp-mlops-gates"
      aria-label={trans.__('Gate of each version')}
    >
      <thead>
        <tr>
          <th scope="col">{trans.__('Rule')}</th>
          {shown.map(one => (
            <th
              key={one.version}
              scope="col"
              data-chosen={one === chosen}
              title={one.why}
            >
              <button
                type="button"
                className="jp-mlops-link"
                aria-pressed={one === chosen}
                onClick={() => choose(one.version)}
              >
                {`v${one.version}`}
              </button>{' '}
              {inShort(one, trans)}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rules.map(name => (
          <tr key={name}>
            <th scope="row" title={name} style={{ maxWidth: names }}>
              {name}
            </th>
            {shown.map(one => (
              <td key={one.version} data-chosen={one === chosen}>
                <Result
                  rule={one.rules.find(rule => rule.rule === name) ?? null}
                  width={drawn}
                  trans={trans}
                />
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** How many of the rules that were judged hold. */
function inShort(version: WholeVersion, trans: TranslationBundle): string {
  const judged = version.rules.filter(isJudged);
  const passed = judged.filter(rule => rule.verdict === 'pass').length;
  const all =
    judged.length === passed
      ? trans.__('%1 of %2 pass', passed, judged.length)
      : trans.__('%1 of %2 fail', judged.length - passed, judged.length);
  if (judged.length === 0) {
    return trans.__('%1 not judged', version.rules.length);
  }
  return judged.length === version.rules.length
    ? all
    : trans.__('%1, %2 not judged', all, version.rules.length - judged.length);
}

function Result(props: {
  rule: RuleResult | null;
  width: number;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { rule, width, trans } = props;
  const none = trans.__('Not judged');
  const words: Record<string, string> = {
    pass: trans.__('Pass'),
    fail: trans.__('Fail'),
    'not enough data': trans.__('Not enough data')
  };
  const states = { pass: 'finished', fail: 'failed' } as const;
  const verdict = rule === null ? '' : verdictOf(rule);
  const word = words[verdict] ?? none;
  const state =
    verdict === 'pass' || verdict === 'fail' ? states[verdict] : 'unknown';
  return (
    <div
      className="jp-mlops-line"
      title={[word, rule && interval(rule), rule?.why]
        .filter(Boolean)
        .join('\n')}
    >
      <State state={state} word={rule?.why ? `${word}: ${rule.why}` : word} />
      <Interval rule={rule} width={width} none={none} />
    </div>
  );
}
