/** The page of one run: what it is in one line, its numbers, and all else in tabs. */

import * as React from 'react';

import { Run, RunDetail } from '../api/types';
import { Tabs } from '../elements';
import { PageProblem } from '../pages/missing';
import { useAwake } from '../pages/awake';
import { Sight } from '../pages/page';
import { Surroundings } from '../pages/surroundings';
import { drawnAs } from '../runs/lines';
import { titleOf } from '../runs/words';
import { CodeTab } from './code';
import { DataTab, isProfile } from './data';
import { Environment } from './environment';
import { Files } from './files';
import { Header } from './header';
import { Lineage } from './lineage';
import { Logs } from './logs';
import { RunModel } from './model';
import { Overview } from './overview';
import { System } from './system';
import { Tiles } from './tiles';

const Charts = React.lazy(() => import('../runs/charts'));

interface Props {
  around: Surroundings;
  sight: Sight;
  id: string;
  onTitle: (label: string) => void;
}

/** The page. */
export default function RunPage(props: Props): React.JSX.Element {
  const { around, sight, id } = props;
  const model = React.useMemo(
    () => new RunModel(around.client, around.marked, id),
    [id]
  );
  useAwake(around, sight, model);
  const { found } = model;
  React.useEffect(() => {
    if (found !== null) {
      props.onTitle(titleOf(found));
    }
  }, [found?.name]);
  return (
    <div className="jp-mlops-run" data-status={found?.status}>
      <PageProblem
        around={around}
        problem={model.problem}
        what={around.trans.__('There is no such run')}
      />
      {found && <Body {...props} model={model} found={found} />}
    </div>
  );
}

/** What every tab is given. */
export interface Shown {
  around: Surroundings;
  model: RunModel;
  found: RunDetail;
}

function Body(props: Props & Shown): React.JSX.Element {
  const { around, found } = props;
  const { trans } = around;
  const [tab, setTab] = React.useState('overview');
  const courses = Object.values(found.metrics).filter(m => m.iteration > 0);
  return (
    <>
      <Header {...props} />
      <Tiles {...props} />
      <Tabs
        label={trans.__('Parts of the page')}
        chosen={tab}
        onChoose={setTab}
        tabs={[
          { key: 'overview', name: trans.__('Overview') },
          { key: 'charts', name: trans.__('Charts'), count: courses.length },
          {
            key: 'files',
            name: trans.__('Figures and files'),
            count: found.artifacts.length
          },
          {
            key: 'data',
            name: trans.__('Data'),
            count: found.artifacts.filter(isProfile).length
          },
          { key: 'code', name: trans.__('Code') },
          { key: 'logs', name: trans.__('Logs') },
          { key: 'system', name: trans.__('System') },
          { key: 'environment', name: trans.__('Environment') },
          { key: 'lineage', name: trans.__('Lineage') }
        ]}
      />
      <div className="jp-mlops-body" role="tabpanel" key={tab}>
        <Content {...props} tab={tab} onTab={setTab} />
      </div>
    </>
  );
}

function Content(
  props: Shown & { tab: string; onTab: (tab: string) => void }
): React.JSX.Element {
  switch (props.tab) {
    case 'charts':
      return <RunCharts {...props} />;
    case 'files':
      return <Files {...props} />;
    case 'data':
      return <DataTab {...props} />;
    case 'code':
      return <CodeTab {...props} />;
    case 'logs':
      return <Logs {...props} />;
    case 'system':
      return <System {...props} />;
    case 'environment':
      return <Environment {...props} />;
    case 'lineage':
      return <Lineage {...props} />;
    default:
      return <Overview {...props} />;
  }
}

/** A run with only those metrics that another one has too. */
function sharing(run: Run, other: Run): Run {
  return {
    ...run,
    metrics: Object.fromEntries(
      Object.entries(run.metrics).filter(([name]) => name in other.metrics)
    )
  };
}

/** The courses of the run, with those of the baseline dashed. */
export function RunCharts({ around, model }: Shown): React.JSX.Element {
  const { short, baseline } = model;
  const { marked, client, trans } = around;
  const runs = React.useMemo(
    () =>
      short === null
        ? []
        : [short, ...(baseline ? [sharing(baseline, short)] : [])],
    [short, baseline]
  );
  const lines = React.useMemo(() => {
    const taken = baseline ? marked.placeOf(baseline.id) : -1;
    return runs.map((run, place) =>
      drawnAs(run, marked, place === 0 && taken === 0 ? 1 : place)
    );
  }, [runs]);
  return (
    <React.Suspense fallback={null}>
      <Charts client={client} runs={runs} lines={lines} trans={trans} />
    </React.Suspense>
  );
}
