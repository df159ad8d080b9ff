/** What a run and its steps have printed. */

import * as React from 'react';

import { Card, Choice } from '../elements';
import { Printed } from '../runs/printed';
import { hasFailed, isOpen } from '../runs/words';
import { Shown } from './page';

const WHOLE = '.'; // stands for the run itself: no step is called so

/** The tab. Runs that were tracked in a notebook print into their cell. */
export function Logs({ around, model, found }: Shown): React.JSX.Element {
  const { trans, client } = around;
  const failed = found.children.find(child => hasFailed(child.status));
  const [step, setStep] = React.useState(failed?.name ?? WHOLE);
  const isStep = found.kind === 'step' && found.parent !== '';
  if (!isStep && found.kind !== 'pipeline' && found.kind !== 'sweep') {
    return (
      <p className="jp-mlops-empty">
        {trans.__('What this run printed is in its notebook, below its cell.')}
      </p>
    );
  }
  const steps = model.steps?.steps ?? [];
  const names = [WHOLE, ...steps.map(state => state.name)];
  return (
    <Card
      title={trans.__('Log')}
      actions={
        !isStep && (
          <Choice
            label={trans.__('Log of')}
            value={step}
            values={names}
            names={{ [WHOLE]: trans.__('the run itself') }}
            onChange={setStep}
          />
        )
      }
    >
      <Printed
        client={client}
        run={isStep ? found.parent : found.id}
        step={isStep ? found.name : step === WHOLE ? '' : step}
        isOpen={isOpen(found.status)}
        trans={trans}
      />
    </Card>
  );
}
