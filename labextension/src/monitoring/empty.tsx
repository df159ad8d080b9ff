/** What a model that nobody watches yet needs to be watched. */

import * as React from 'react';

import { Command, Icon } from '../elements';
import { ScheduleIt } from './standing';
import type { Shown } from './page';
import { Watch } from './watch';

/** The steps, each with its way. */
export function Empty({ around, history }: Shown): React.JSX.Element {
  const { trans } = around;
  const { name } = history;
  const steps = [
    {
      isDone: history.has_reference,
      what: trans.__('Register the model with the data that it was fitted on'),
      how: (
        <Command
          text={`mlops_jlab.register_model(model, "${name}", data=train)`}
          trans={trans}
        />
      )
    },
    {
      isDone: false,
      what: trans.__('Watch the folder where new data arrive'),
      how: <Watch around={around} name={name} />
    },
    {
      isDone: history.schedules.length > 0,
      what: trans.__('Let drift start a retraining, if you like'),
      how: (
        <p className="jp-mlops-line">
          <ScheduleIt around={around} history={history} />
        </p>
      )
    }
  ];
  return (
    <div className="jp-mlops-unwatched">
      <h2>{trans.__('Nobody watches %1 yet', name)}</h2>
      <ol>
        {steps.map(step => (
          <li key={step.what} data-done={step.isDone}>
            <Icon name={step.isDone ? 'check' : 'right'} />
            <div>
              {step.what}
              {step.how}
            </div>
          </li>
        ))}
      </ol>
      <p className="jp-mlops-hint">
        {trans.__(
          'Each look compares what is new with what the model was fitted on, and is a run of its own.'
        )}
      </p>
    </div>
  );
}
