/** Many runs of a pipeline with different parameters: what to try is asked for in a dialog. */

import { Dialog, ReactWidget, showDialog } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Parameter, SweepWish } from '../api/types';
import { Choice, Tick } from '../elements';
import { textOf } from './parameters';

const SEARCHES = ['grid', 'random', 'bayes'] as const;

type Search = (typeof SEARCHES)[number];

interface Props {
  parameters: readonly Parameter[];
  trans: TranslationBundle;
}

/** The form in a dialog; it keeps what is written. */
class SweepForm extends ReactWidget {
  constructor(private readonly _props: Props) {
    super();
    this.addClass('jp-mlops-sweep');
  }

  wish: SweepWish = { values: {}, search: 'grid' };

  protected override render(): React.JSX.Element {
    return (
      <Form
        {...this._props}
        usual={this.wish}
        onChange={wish => (this.wish = wish)}
      />
    );
  }
}

/** Asks what to try; nothing if the user would rather not. */
export async function askForSweep(props: Props): Promise<SweepWish | null> {
  const body = new SweepForm(props);
  const { trans } = props;
  const answer = await showDialog({
    title: trans.__('Sweep'),
    body,
    buttons: [
      Dialog.cancelButton(),
      Dialog.okButton({ label: trans.__('Start') })
    ]
  });
  return answer.button.accept ? body.wish : null;
}

function Form(
  props: Props & { usual: SweepWish; onChange: (wish: SweepWish) => void }
): React.JSX.Element {
  const { parameters, trans, onChange } = props;
  const [wish, setWish] = React.useState(props.usual);
  const change = (part: SweepWish): void => {
    const now = { ...wish, ...part };
    setWish(now);
    onChange(now);
  };
  const usable = parameters.filter(one => !one.secret);
  return (
    <div>
      <p>
        {trans.__(
          'Several values, as 3,5,8, or a range of numbers, as 0.1..0.9 or 1e-4..1:log. What a value does not change is computed once.'
        )}
      </p>
      {usable.map(({ name, ...parameter }) => (
        <label key={name} className="jp-mlops-parameter">
          <span>{name}</span>
          <input
            className="jp-mod-styled"
            value={wish.values?.[name] ?? ''}
            placeholder={textOf(parameter.default)}
            onChange={event =>
              change({ values: { ...wish.values, [name]: event.target.value } })
            }
          />
        </label>
      ))}
      <How wish={wish} change={change} trans={trans} />
    </div>
  );
}

interface FieldProps {
  wish: SweepWish;
  change: (part: SweepWish) => void;
  trans: TranslationBundle;
}

/** How the trials are chosen. */
function How(props: FieldProps): React.JSX.Element {
  const { wish, change, trans } = props;
  const names = {
    grid: trans.__('every combination'),
    random: trans.__('some by chance'),
    bayes: trans.__('by what earlier trials have shown')
  };
  const search = wish.search ?? 'grid';
  return (
    <>
      <label className="jp-mlops-parameter">
        <span>{trans.__('Try')}</span>
        <Choice
          label={trans.__('Try')}
          value={search}
          values={SEARCHES}
          names={names}
          onChange={word =>
            change({
              search: word as Search,
              trials: word === 'grid' ? undefined : (wish.trials ?? 20)
            })
          }
        />
      </label>
      {search !== 'grid' && (
        <label className="jp-mlops-parameter">
          <span>{trans.__('Trials')}</span>
          <input
            className="jp-mod-styled"
            type="number"
            min={1}
            value={wish.trials ?? 20}
            onChange={event =>
              change({ trials: Math.max(1, Number(event.target.value)) })
            }
          />
        </label>
      )}
      <Goal {...props} />
    </>
  );
}

/** What is to become best. */
function Goal(props: FieldProps): React.JSX.Element {
  const { wish, change, trans } = props;
  return (
    <>
      <label className="jp-mlops-parameter">
        <span>{trans.__('Metric')}</span>
        <input
          className="jp-mod-styled"
          value={wish.metric ?? ''}
          placeholder={trans.__('what a step logs')}
          onChange={event => change({ metric: event.target.value.trim() })}
        />
      </label>
      <Tick
        label={trans.__('The smallest is best')}
        checked={wish.minimize ?? false}
        onChange={minimize => change({ minimize })}
      />
      <Tick
        label={trans.__('End trials that fall behind')}
        checked={wish.prune ?? false}
        onChange={prune => change({ prune })}
      />
    </>
  );
}
