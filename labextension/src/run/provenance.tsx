/** What went into a run and what came of it, in a few lines; the picture of it is the tab Lineage. */

import * as React from 'react';

import { Lineage, LineageNode } from '../api/types';
import { Card } from '../elements';
import { calledAs } from '../runs/words';
import { useLineage } from './lineage';
import { Shown } from './page';
import { Pair, Pairs } from './pairs';

const MOST = 4; // things that are named in one line
const VERSION = / \d+$/; // at the end of the name of registered data

/** The data and files that went into a run or a step of it, registered ones first; each once. Pure. */
export function readBy({ nodes, edges }: Lineage): LineageNode[] {
  const read = new Set(
    edges.filter(({ how }) => how === 'read').map(({ source }) => source)
  );
  const found = nodes.filter(
    node => read.has(node.id) && (node.kind === 'data' || node.kind === 'file')
  );
  const registered = found.filter(node => 'version' in node.about);
  return registered.length > 0
    ? registered
    : found.filter(node => !node.id.startsWith('fingerprint:'));
}

/** What data are called: `flights v2`, or the file's name. Pure. */
export function calledData({ name, about }: LineageNode): string {
  const { version } = about;
  return typeof version === 'number'
    ? `${name.replace(VERSION, '')} v${version}`
    : name;
}

/** The card. */
export function Provenance(
  props: Shown & { onTab: (tab: string) => void }
): React.JSX.Element | null {
  const { around, found } = props;
  const { trans } = around;
  const lineage = useLineage(around, found);
  const pairs = lineage === null ? [] : pairsOf(props, lineage);
  return pairs.length === 0 ? null : (
    <Card
      title={trans.__('Data and lineage')}
      actions={
        <button
          type="button"
          className="jp-mlops-link"
          onClick={() => props.onTab('lineage')}
        >
          {trans.__('Open Lineage')}
        </button>
      }
    >
      <Pairs pairs={pairs} trans={trans} />
    </Card>
  );
}

function pairsOf(shown: Shown, lineage: Lineage): Pair[] {
  const { around, found } = shown;
  const { trans } = around;
  const code = lineage.nodes.find(node => node.kind === 'code');
  const above = lineage.nodes.find(
    node => node.about.id === found.parent && found.parent !== ''
  );
  const commit = code?.name.slice(0, 12) ?? '';
  return [
    { name: trans.__('Data'), value: <Data {...shown} lineage={lineage} /> },
    ...(above
      ? [
          {
            name: trans.__('Part of'),
            value: (
              <Link
                text={calledAs(above)}
                act={() => around.open({ id: found.parent, name: above.name })}
              />
            )
          }
        ]
      : []),
    ...(found.source === ''
      ? []
      : [
          {
            name: trans.__('Notebook'),
            value: found.source.split('/').pop() ?? ''
          }
        ]),
    { name: trans.__('Model'), value: <Models {...shown} /> },
    ...(code
      ? [
          {
            name: trans.__('Code'),
            value:
              code.about.dirty === true
                ? trans.__('%1, with changes', commit)
                : code.about.dirty
                  ? trans.__('%1, perhaps with changes', commit)
                  : commit
          }
        ]
      : [])
  ];
}

function Link(props: { text: string; act: () => void }): React.JSX.Element {
  return (
    <button
      type="button"
      className="jp-mlops-link"
      title={props.text}
      onClick={props.act}
    >
      {props.text}
    </button>
  );
}

function Data({
  around,
  lineage
}: Shown & { lineage: Lineage }): React.JSX.Element {
  const { trans } = around;
  const data = readBy(lineage);
  if (data.length === 0) {
    return <span className="jp-mlops-hint">{trans.__('none recorded')}</span>;
  }
  const named = data.slice(0, MOST).map(node => {
    const { version } = node.about;
    const name = node.name.replace(VERSION, '');
    const text = calledData(node);
    return typeof version === 'number' ? (
      <Link text={text} act={() => around.openData(name, version)} />
    ) : (
      text
    );
  });
  const rest = data.length - named.length;
  return listed(rest > 0 ? [...named, trans.__('%1 more', rest)] : named);
}

function Models({ around, model }: Shown): React.JSX.Element {
  return model.made.length === 0 ? (
    <span className="jp-mlops-hint">{around.trans.__('not registered')}</span>
  ) : (
    listed(
      model.made.map(({ model: name, version }) => (
        <Link
          key={`${name} ${version.version}`}
          text={`${name} v${version.version}`}
          act={() => around.openModel(name, version.version)}
        />
      ))
    )
  );
}

/** Things with commas between them. */
function listed(parts: readonly React.ReactNode[]): React.JSX.Element {
  return (
    <>
      {parts.map((part, place) => (
        <React.Fragment key={place}>
          {place > 0 && ', '}
          {part}
        </React.Fragment>
      ))}
    </>
  );
}
