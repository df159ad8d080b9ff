/** The table in its page: its model lives as long as the page and sleeps with it. */

import * as React from 'react';

import { Sight } from '../pages/page';
import { Surroundings } from '../pages/surroundings';
import { TableModel } from './model';
import Table from './table';
import { Views } from './views';

/** The page of all runs. */
export default function TablePage(props: {
  around: Surroundings;
  sight: Sight;
}): React.JSX.Element | null {
  const { around, sight } = props;
  const { client, marked, state, changes, trans } = around;
  const [found, setFound] = React.useState<[TableModel, Views] | null>(null);
  React.useEffect(() => {
    const views = new Views(state);
    let model: TableModel | null = null;
    const note = (): void => model?.noteChange();
    const see = (_: unknown, isSeen: boolean): void => {
      if (model !== null) {
        model.isVisible = isSeen;
      }
    };
    let wanted = true;
    void views.load().then(() => {
      if (wanted) {
        model = new TableModel(client, marked, views.shown, view =>
          views.show(view)
        );
        model.isVisible = sight.isSeen;
        setFound([model, views]);
      }
    });
    changes.connect(note);
    sight.seen.connect(see);
    return () => {
      wanted = false;
      changes.disconnect(note);
      sight.seen.disconnect(see);
      model?.dispose();
    };
  }, []);
  return (
    found && (
      <Table
        model={found[0]}
        views={found[1]}
        client={client}
        actions={around}
        trans={trans}
      />
    )
  );
}
