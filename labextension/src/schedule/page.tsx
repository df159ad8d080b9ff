/** The page of a schedule: when and what, with the next times while one writes; the week to come; its history. */

import * as React from 'react';

import { ApiError } from '../api/asking';
import { Client } from '../api/client';
import { Graph, ScheduleDetail, Weeks } from '../api/types';
import { ProblemBox } from '../elements';
import { Fetched } from '../panel/fetched';
import { useFetched } from '../pages/fetched';
import type { Address, Sight } from '../pages/page';
import { Surroundings } from '../pages/surroundings';
import { usual, Written, writtenOf } from '../schedules/wish';
import { Budget } from './budget';
import { Coming } from './coming';
import { Header } from './header';
import { History } from './history';
import { Previewed, usePreview } from './preview';
import { What } from './what';
import { Week } from './week';
import { When } from './when';

type At = Extract<Address, { kind: 'schedule' }>;

interface Props {
  around: Surroundings;
  sight: Sight;
  address: At;
  /** The page is of another schedule from now on: it was made, or has a new name. */
  onAddress: (address: At) => void;
}

interface Known {
  detail: ScheduleDetail | null;
  weeks: Weeks;
  /** There is no schedule of this name, or no longer. */
  isGone: boolean;
}

/** What every part of the page is given. `detail` is missing while a new schedule is written. */
export interface Shown extends Props {
  fetched: Fetched<Known | null>;
  detail: ScheduleDetail | null;
  weeks: Weeks;
  graph: Graph | null;
  path: string;
  written: Written;
  change: (part: Partial<Written>) => void;
  isChanged: boolean;
  discard: () => void;
  previewed: Previewed;
}

/** The page. */
export default function SchedulePage(props: Props): React.JSX.Element {
  const { around, sight, address } = props;
  const { client, trans } = around;
  const fetched = useFetched(around, sight, address.name, async () => {
    const { name } = address;
    const detail = name === '' ? null : await detailOf(client, name);
    const isGone = name !== '' && detail === null;
    return { detail, isGone, weeks: await client.weeks() };
  });
  const known = fetched.value;
  return (
    <div className="jp-mlops-schedule-page">
      <ProblemBox problem={fetched.problem} />
      {known === null && !fetched.problem && (
        <p className="jp-mlops-empty" role="status">
          {trans.__('Loading…')}
        </p>
      )}
      {known?.isGone && (
        <div className="jp-mlops-empty" role="status">
          <h2>{trans.__('There is no schedule %1', address.name)}</h2>
          <p>
            {trans.__(
              'If it was removed, the runs that it has begun are in the table.'
            )}{' '}
            <button
              type="button"
              className="jp-mlops-link"
              onClick={() => around.openTable()}
            >
              {trans.__('Show all runs')}
            </button>
          </p>
        </div>
      )}
      {known && !known.isGone && (
        <Body
          {...props}
          key={address.name}
          fetched={fetched}
          detail={known.detail}
          weeks={known.weeks}
        />
      )}
    </div>
  );
}

/** All of a schedule; nothing of one that is gone. */
async function detailOf(
  client: Client,
  name: string
): Promise<ScheduleDetail | null> {
  try {
    return await client.scheduleOf(name);
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) {
      return null;
    }
    throw error;
  }
}

function Body(
  props: Pick<Shown, keyof Props | 'fetched' | 'detail' | 'weeks'>
): React.JSX.Element {
  const { around, address, detail } = props;
  const kept = React.useMemo(
    () => (detail === null ? usual() : writtenOf(detail)),
    [detail && JSON.stringify(writtenOf(detail))]
  );
  const [changes, setChanges] = React.useState<Partial<Written>>({
    ...(address.parameters ? { parameters: address.parameters } : {}),
    ...(address.drift ? { kind: 'drift', drift: address.drift } : {})
  });
  const written = React.useMemo(
    () => ({ ...kept, ...changes }),
    [kept, changes]
  );
  const path = detail?.path ?? address.path ?? '';
  const graph = useGraph(around, path);
  const previewed = usePreview(around, written, path, detail?.name ?? '');
  const shown: Shown = {
    ...props,
    graph,
    path,
    written,
    change: part => setChanges(before => ({ ...before, ...part })),
    isChanged: Object.keys(changes).some(
      key =>
        JSON.stringify(kept[key as keyof Written]) !==
        JSON.stringify(changes[key as keyof Written])
    ),
    discard: () => setChanges({}),
    previewed
  };
  return (
    <>
      <Header {...shown} />
      <div className="jp-mlops-body">
        <div className="jp-mlops-columns-halves">
          <div>
            <When {...shown} />
            <What {...shown} />
          </div>
          <div>
            <Coming {...shown} />
            <Week {...shown} />
            {detail && <Budget {...shown} detail={detail} />}
          </div>
        </div>
        {detail && <History {...shown} detail={detail} />}
      </div>
    </>
  );
}

/** What the notebook declares; nothing where it cannot be read, which the preview says. */
function useGraph(around: Surroundings, path: string): Graph | null {
  const [graph, setGraph] = React.useState<Graph | null>(null);
  React.useEffect(() => {
    let wanted = true;
    around.client.check(path).then(
      found => wanted && setGraph(found),
      () => undefined // its parameters are shown as they are kept
    );
    return () => {
      wanted = false;
    };
  }, [path]);
  return graph;
}
