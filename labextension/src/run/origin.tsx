/** The picture of a lineage: three columns of things, and a line for what went into what. */

import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Lineage, LineageNode } from '../api/types';
import { Picture, pictureOf, Placed } from './origins';

const HEIGHT = 44; // of a row, in pixels
const WIDTH = 28; // of a column, in percent
const STEP = 36; // from column to column

interface Props {
  lineage: Lineage;
  trans: TranslationBundle;
  onOpen: (id: string) => void;
}

/** The picture. */
export function Origins({ lineage, trans, onOpen }: Props): React.JSX.Element {
  const picture = React.useMemo(() => pictureOf(lineage), [lineage]);
  const heads = [
    trans.__('Went in'),
    trans.__('Runs and steps'),
    trans.__('Came of it')
  ];
  return (
    <div className="jp-mlops-origins">
      <div className="jp-mlops-origins-heads">
        {heads.map((head, column) => (
          <span key={head} style={{ insetInlineStart: `${column * STEP}%` }}>
            {head}
            {(picture.left[column] ?? 0) > 0 &&
              ` · ${trans.__('%1 more', picture.left[column])}`}
          </span>
        ))}
      </div>
      <div
        className="jp-mlops-origins-body"
        style={{ height: picture.rows * HEIGHT }}
      >
        <Lines picture={picture} />
        {picture.placed.map(one => (
          <Thing
            key={one.node.id}
            placed={one}
            isRoot={one.node.id === lineage.root}
            trans={trans}
            onOpen={onOpen}
          />
        ))}
      </div>
    </div>
  );
}

function Lines({ picture }: { picture: Picture }): React.JSX.Element {
  const end = (one: Placed, isRight: boolean): [number, number] => [
    one.column * STEP + (isRight ? WIDTH : 0),
    one.row * HEIGHT + HEIGHT / 2 - 4
  ];
  return (
    <svg
      aria-hidden="true"
      viewBox={`0 0 100 ${picture.rows * HEIGHT}`}
      preserveAspectRatio="none"
    >
      {picture.lines.map(({ from, to, how }) => {
        const isOn = to.column > from.column;
        const [x, y] = end(from, isOn);
        const [u, v] = end(to, !isOn);
        const bend = (x + u) / 2;
        return (
          <path
            key={`${from.node.id} ${to.node.id} ${how}`}
            data-how={how}
            d={`M${x} ${y} C${bend} ${y} ${bend} ${v} ${u} ${v}`}
          />
        );
      })}
    </svg>
  );
}

function Thing(props: {
  placed: Placed;
  isRoot: boolean;
  trans: TranslationBundle;
  onOpen: (id: string) => void;
}): React.JSX.Element {
  const { placed, isRoot, trans } = props;
  const { node } = placed;
  const id = node.about.id;
  const style = {
    insetInlineStart: `${placed.column * STEP}%`,
    width: `${WIDTH}%`,
    top: placed.row * HEIGHT
  };
  const content = (
    <>
      <small>{kindOf(node, trans)}</small>
      <span>{node.name}</span>
    </>
  );
  return typeof id === 'string' && !isRoot ? (
    <button
      type="button"
      className="jp-mlops-origin"
      data-kind={node.kind}
      style={style}
      title={aboutOf(node)}
      onClick={() => props.onOpen(id)}
    >
      {content}
    </button>
  ) : (
    <div
      className="jp-mlops-origin"
      data-kind={node.kind}
      data-root={isRoot}
      style={style}
      title={aboutOf(node)}
    >
      {content}
    </div>
  );
}

/** What is known of a commit; where git could not tell, it says so. */
function commitOf(dirty: unknown, trans: TranslationBundle): string {
  if (dirty === true) {
    return trans.__('Commit, with changes');
  }
  return dirty ? trans.__('Commit, perhaps with changes') : trans.__('Commit');
}

function kindOf(node: LineageNode, trans: TranslationBundle): string {
  return {
    file: trans.__('File'),
    data: trans.__('Data'),
    notebook: trans.__('Notebook'),
    code: commitOf(node.about.dirty, trans),
    run: trans.__('Run'),
    step: trans.__('Step'),
    model: trans.__('Model'),
    prediction: trans.__('Prediction')
  }[node.kind];
}

/** What is known of it, for whoever points at it. */
function aboutOf(node: LineageNode): string {
  return [
    node.name,
    ...['path', 'source', 'status', 'digest', 'hash', 'commit']
      .map(key => node.about[key])
      .filter(value => typeof value === 'string' && value !== '')
  ].join('\n');
}
