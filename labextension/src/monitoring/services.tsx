/** Who serves a model, and how that goes: latency, traffic, errors, saturation, and the version on trial. */

import * as React from 'react';

import { Service, Services as Found } from '../api/types';
import { percent } from '../data/words';
import {
  Card,
  Chip,
  Choice,
  InTerminal,
  ProblemBox,
  Segments
} from '../elements';
import { useFetched } from '../pages/fetched';
import type { Sight } from '../pages/page';
import { Surroundings } from '../pages/surroundings';
import { program, quoted } from '../pages/terminals';
import { when } from '../runs/words';
import { bytes, latency, lineOf, rate } from './course';
import { Measure } from './measure';
import { TrialCard } from './trial';

const OFTEN = 5000;
const SELDOM = 30000;

type Span = '1800' | '21600' | '172800';

/** The part of the page. It asks again and again, as a service changes nothing in the store's database. */
export function Services(props: {
  around: Surroundings;
  sight: Sight;
  name: string;
}): React.JSX.Element {
  const { around, sight, name } = props;
  const { trans } = around;
  const [span, setSpan] = React.useState<Span>('1800');
  const fetched = useFetched<Found>(around, sight, `${name} ${span}`, () =>
    around.client.data.services(name, Number(span))
  );
  const [chosen, choose] = React.useState('');
  const services = fetched.value?.services ?? [];
  const pause = services.some(one => one.running) ? OFTEN : SELDOM;
  React.useEffect(() => {
    const timer = setInterval(() => fetched.noteChange(), pause);
    return () => clearInterval(timer);
  }, [fetched, pause]);
  const service = services.find(one => one.id === chosen) ?? services[0];
  return (
    <section className="jp-mlops-services" aria-label={trans.__('Serving')}>
      <ProblemBox problem={fetched.problem} />
      {service === undefined ? (
        fetched.value && <Nobody around={around} name={name} />
      ) : (
        <>
          <div className="jp-mlops-line">
            <h2>{trans.__('Serving')}</h2>
            <Head around={around} service={service} />
            <span className="jp-mlops-gap" />
            {services.length > 1 && (
              <Choice
                label={trans.__('Service')}
                value={service.id}
                values={services.map(one => one.id)}
                names={Object.fromEntries(
                  services.map(one => [one.id, nameOf(one, around)])
                )}
                onChange={choose}
              />
            )}
            <Segments
              label={trans.__('Time that is shown')}
              value={span}
              options={[
                ['1800', trans.__('30 minutes')],
                ['21600', trans.__('6 hours')],
                ['172800', trans.__('2 days')]
              ]}
              onChange={setSpan}
            />
          </div>
          <Measures around={around} service={service} span={Number(span)} />
          {service.trial && <TrialCard around={around} service={service} />}
        </>
      )}
    </section>
  );
}

function nameOf(service: Service, { trans }: Surroundings): string {
  const now = Date.now() / 1000;
  return service.running
    ? `${service.address} ${service.url.replace(/^https?:\/\//, '')}`
    : trans.__('%1, ended %2', service.address, when(service.at, now, trans));
}

/** What is served where, since when, and what is amiss. */
function Head(props: {
  around: Surroundings;
  service: Service;
}): React.JSX.Element {
  const { around, service } = props;
  const { trans } = around;
  const now = Date.now() / 1000;
  const facts = [
    trans.__('v%1 of %2', service.version, service.address),
    service.running
      ? trans.__('%1 since %2', service.url, when(service.begun, now, trans))
      : trans.__('ended %1', when(service.at, now, trans)),
    trans._n(
      '%1 process',
      '%1 processes',
      service.processes,
      service.processes
    ),
    bytes(service.memory)
  ];
  return (
    <>
      <Chip
        text={service.running ? trans.__('running') : trans.__('has ended')}
      />
      <span className="jp-mlops-hint">{facts.join(' · ')}</span>
      {service.behind && (
        <span className="jp-mlops-amiss">
          {trans.__(
            'the alias points at a version that cannot be loaded; v%1 goes on answering',
            service.version
          )}
        </span>
      )}
      {service.lost > 0 && (
        <span className="jp-mlops-amiss">
          {trans.__(
            '%1 rows are lost to the log: is the disk full?',
            service.lost.toLocaleString('en')
          )}
        </span>
      )}
    </>
  );
}

function Measures(props: {
  around: Surroundings;
  service: Service;
  span: number;
}): React.JSX.Element {
  const { around, service, span } = props;
  const { trans } = around;
  const { course, now } = service;
  const to = course[course.length - 1]?.at ?? service.at;
  const first = course[0];
  const from = Math.max(to - span, first ? first.at - first.span : to - span);
  const shared = { from, to };
  return (
    <div className="jp-mlops-measures">
      <Measure
        {...shared}
        title={trans.__('Latency')}
        now={latency(now?.p99 ?? null)}
        hint={trans.__('99th percentile')}
        lines={[
          lineOf(course, one => one.p99, 'p99'),
          lineOf(course, one => one.median, 'p50', 'second')
        ]}
        say={latency}
      />
      <Measure
        {...shared}
        title={trans.__('Traffic')}
        now={now ? trans.__('%1 /s', rate(now.a_second)) : '–'}
        hint={trans.__(
          'requests, %1 in all',
          service.requests.toLocaleString('en')
        )}
        lines={[lineOf(course, one => one.a_second)]}
        say={rate}
      />
      <Measure
        {...shared}
        title={trans.__('Errors')}
        now={now ? percent(now.failed) : '–'}
        hint={trans.__('of requests; refused %1', percent(now?.refused ?? 0))}
        lines={[
          lineOf(course, one => one.failed, trans.__('failed')),
          lineOf(course, one => one.refused, trans.__('refused'), 'second')
        ]}
        say={percent}
      />
      <Measure
        {...shared}
        title={trans.__('Saturation')}
        now={now ? percent(now.load) : '–'}
        hint={trans.__('busiest process; %1 waiting', now?.busy ?? 0)}
        lines={[lineOf(course, one => one.load)]}
        say={percent}
      />
    </div>
  );
}

function Nobody(props: {
  around: Surroundings;
  name: string;
}): React.JSX.Element {
  const { trans } = props.around;
  return (
    <Card title={trans.__('Serving')}>
      <p className="jp-mlops-hint">
        {trans.__(
          'Nobody serves this model here yet. Once it answers requests, its latency, traffic, errors and saturation are shown here.'
        )}
      </p>
      <InTerminal
        label={trans.__('Start Serving')}
        text={`${program()} models serve ${quoted(`${props.name}@champion`)} --log served/`}
        start={props.around.inTerminal}
        trans={trans}
      />
    </Card>
  );
}
