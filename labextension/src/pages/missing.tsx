/** What a page says whose run, model or schedule is not there, and where to look instead. */

import * as React from 'react';

import { ProblemBox } from '../elements';
import { Problem } from '../problems';
import { Surroundings } from './surroundings';

/** What is wrong with a page; `what` says in a sentence that there is nothing, where that is all. */
export function PageProblem(props: {
  around: Pick<Surroundings, 'openTable' | 'trans'>;
  problem: Problem | null;
  what: string;
}): React.JSX.Element | null {
  const { around, problem, what } = props;
  const { trans } = around;
  if (!problem?.isMissing) {
    return <ProblemBox problem={problem} />;
  }
  return (
    <div className="jp-mlops-empty" role="alert">
      <h2>{what}</h2>
      <p>
        {trans.__('It was deleted, or belongs to the store of another folder.')}{' '}
        <button
          type="button"
          className="jp-mlops-link"
          onClick={() => around.openTable()}
        >
          {trans.__('Show all runs')}
        </button>
      </p>
    </div>
  );
}
