/** The columns of a version: what each holds, how it is distributed, what is missing; beside another version. */

import * as React from 'react';

import { Card } from '../elements';
import { ColumnTable } from '../data/columns';
import type { Shown } from './page';

/** The card. */
export function Columns({ around, whole }: Shown): React.JSX.Element {
  const { trans } = around;
  const isCompared = whole.difference !== null;
  return (
    <Card
      title={trans.__('Columns')}
      hint={
        whole.profiled
          ? trans._n(
              '%1 column',
              '%1 columns',
              whole.columns.length + whole.left_out,
              whole.columns.length + whole.left_out
            )
          : trans.__(
              'without a profile: no files of rows, or added without one'
            )
      }
      actions={
        isCompared && (
          <span className="jp-mlops-keys">
            <span data-which="before">
              {(whole.against ?? '').replace('/', ' v')}
            </span>
            <span data-which="now">{`v${whole.version}`}</span>
          </span>
        )
      }
    >
      {whole.profiled ? (
        <ColumnTable
          columns={whole.columns}
          leftOut={whole.left_out}
          moved={whole.difference?.moved ?? []}
          names={
            isCompared
              ? [(whole.against ?? '').replace('/', ' v'), `v${whole.version}`]
              : []
          }
          trans={trans}
        />
      ) : (
        <Schema schema={whole.schema} />
      )}
    </Card>
  );
}

/** Names and types alone. */
function Schema(props: {
  schema: readonly (readonly string[])[];
}): React.JSX.Element {
  return (
    <table className="jp-mlops-table">
      <tbody>
        {props.schema.map(([name, type]) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            <td>{type}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
