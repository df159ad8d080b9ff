/** The head of a schedule's page: its name, when it is due next, and what can be done. */

import * as React from 'react';

import { ScheduleDetail } from '../api/types';
import { Button, Chip, Menu, ProblemBox } from '../elements';
import { changeSchedule } from '../schedules/following';
import { wishOf } from '../schedules/wish';
import { inWords, momentIn } from './moments';
import { Shown } from './page';

/** The head. */
export function Header(props: Shown): React.JSX.Element {
  const { around, detail, path, written, previewed } = props;
  const { trans } = around;
  const now = Date.now() / 1000;
  const [next] = previewed.found?.next ?? [];
  return (
    <header>
      <div className="jp-mlops-line">
        <h1>{detail?.name ?? trans.__('New schedule')}</h1>
        <Chip text={path} />
        {detail?.paused && <Chip text={trans.__('Paused')} />}
        {next && !detail?.paused && (
          <span className="jp-mlops-hint">
            {trans.__(
              'next %1, %2',
              momentIn(next.at, written.tz).join(' '),
              inWords(next.at - now, trans)
            )}
          </span>
        )}
        <span className="jp-mlops-gap" />
        <Deeds {...props} />
      </div>
      {detail?.changed && (
        <p className="jp-mlops-banner">
          {trans.__('Since this was made, %1.', detail.changed)}
        </p>
      )}
      <ProblemBox problem={props.fetched.problem} />
    </header>
  );
}

function Deeds(props: Shown): React.JSX.Element {
  const { around, fetched, detail, previewed, isChanged } = props;
  const { trans, client } = around;
  const isReady = !previewed.problem && !previewed.isOld;
  const locked = detail !== null && !detail.writable;
  const isBusy = detail?.firings[0]?.status === 'running';
  return (
    <>
      {detail && (
        <>
          <Button
            label={isBusy ? trans.__('Running…') : trans.__('Run Now')}
            icon="run"
            disabled={locked || isBusy}
            onClick={() =>
              void fetched.do(() => client.changeSchedule('run', detail.name))
            }
          />
          <Button
            label={detail.paused ? trans.__('Resume') : trans.__('Pause')}
            disabled={locked}
            onClick={() =>
              void fetched.do(() =>
                client.changeSchedule(
                  detail.paused ? 'resume' : 'pause',
                  detail.name
                )
              )
            }
          />
        </>
      )}
      <Button
        accept
        label={detail ? trans.__('Save Changes') : trans.__('Create Schedule')}
        disabled={locked || !isReady || (detail !== null && !isChanged)}
        title={previewed.problem?.message ?? ''}
        onClick={() => void save(props)}
      />
      {isChanged && (
        <Button label={trans.__('Discard')} onClick={props.discard} />
      )}
      {detail && <More {...props} detail={detail} />}
    </>
  );
}

function More({
  around,
  fetched,
  detail
}: Shown & { detail: ScheduleDetail }): React.JSX.Element {
  const { trans, client } = around;
  return (
    <Menu
      bare
      label={trans.__('More')}
      entries={[
        {
          label: trans.__('Copy Link'),
          act: () => around.copyLink({ kind: 'schedule', name: detail.name })
        },
        {
          label: trans.__('Remove…'),
          act: () =>
            void changeSchedule('remove', detail.name, fetched, client, trans)
        }
      ]}
    />
  );
}

/** Keeps what is written; the page is of the schedule that comes of it. */
async function save(props: Shown): Promise<void> {
  const { around, fetched, detail, path, written, onAddress } = props;
  let name = '';
  await fetched.do(async () => {
    const wish = wishOf(written);
    const made = detail
      ? await around.client.editSchedule({ ...wish, of: detail.name })
      : await around.client.schedule({ ...wish, path });
    name = made.name;
    if (name !== detail?.name) {
      onAddress({ kind: 'schedule', name });
    }
  });
  if (name !== '' && fetched.problem === null) {
    props.discard();
  }
}
