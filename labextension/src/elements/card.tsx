/** A part of a page: a title at the left, a hint in grey, what can be done at the right. */

import * as React from 'react';

/** The card. */
export function Card(props: {
  title: string;
  hint?: string;
  actions?: React.ReactNode;
  children: React.ReactNode;
}): React.JSX.Element {
  return (
    <section className="jp-mlops-card" aria-label={props.title}>
      <div className="jp-mlops-line">
        <h2>{props.title}</h2>
        <span className="jp-mlops-hint">{props.hint}</span>
        <span className="jp-mlops-gap" />
        {props.actions}
      </div>
      {props.children}
    </section>
  );
}
