/** What is done to steps on the canvas, with the questions that it asks. */

import { InputDialog } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { asStepName, isStepName } from '../steps/tagging';
import { freeName } from './editing';
import type { Shown } from './page';

/** The deeds of the canvas. */
export interface Editing {
  rename(step: string): void;
  merge(steps: readonly string[]): void;
  split(step: string, cell: string): void;
  runAfter(step: string, other: string): void;
  undo(): void;
}

/** Asks for the name of a step; nothing if the user thinks better of it. */
async function askName(
  title: string,
  first: string,
  taken: readonly string[],
  trans: TranslationBundle
): Promise<string | null> {
  const answer = await InputDialog.getText({
    title,
    label: trans.__('A lower-case letter, then letters, digits, - and _'),
    text: first,
    pattern: '[a-z][a-z0-9_\\-]*',
    required: true,
    selectionRange: first.length
  });
  const words = answer.button.accept ? (answer.value ?? '').trim() : '';
  const name = isStepName(words) ? words : asStepName(words);
  return name === '' ? null : freeName(name, taken);
}

/** The deeds, each followed by the selection of what it made. */
export function useEditing(
  { around, model }: Shown,
  select: (steps: readonly string[]) => void
): Editing {
  return React.useMemo(() => {
    const { trans } = around;
    const names = (): string[] =>
      (model.graph?.steps ?? []).map(step => step.name);
    return {
      rename: step =>
        void askName(
          trans.__('A new name for step %1', step),
          step,
          names().filter(name => name !== step),
          trans
        ).then(name => {
          if (name !== null && name !== step) {
            model.rename(step, name);
            select([name]);
          }
        }),
      merge: steps => {
        const order = names().filter(name => steps.includes(name));
        const [first] = order;
        if (first !== undefined && order.length > 1) {
          model.merge(order, first);
          select([first]);
        }
      },
      split: (step, cell) =>
        void askName(
          trans.__('A name for the new step'),
          freeName(step, names()),
          names(),
          trans
        ).then(name => {
          if (name !== null) {
            model.split(step, cell, name);
            select([name]);
          }
        }),
      runAfter: (step, other) => model.runAfter(step, other),
      undo: () => model.undo()
    };
  }, [around, model, select]);
}
