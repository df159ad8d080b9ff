/** Errors and hazards of the data flow, at the cell that they are about, with what can be done by a click. */

import { NotebookPanel } from '@jupyterlab/notebook';
import { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import { PanelLayout } from '@lumino/widgets';
import * as React from 'react';

import { Finding, Fix } from '../api/types';
import { FindingRow } from '../elements';
import { INotebookPipeline } from '../tokens';
import { applyChanges } from './retagging';

/** The findings of one cell, below its editor. */
class CellFindings extends ReactWidget {
  constructor(
    private readonly _apply: (fix: Fix) => void,
    private readonly _trans: TranslationBundle
  ) {
    super();
    this.addClass('jp-mlops-at-cell');
  }

  set findings(findings: readonly Finding[]) {
    const text = JSON.stringify(findings);
    if (text !== this._text) {
      this._text = text;
      this._findings = findings;
      this.update();
    }
  }

  protected override render(): React.JSX.Element {
    return (
      <ul aria-label={this._trans.__('Findings of this cell')}>
        {this._findings.map((found, place) => (
          <FindingRow
            key={place}
            found={found}
            onFix={this._apply}
            place={
              <>
                <strong>{found.severity}</strong>
                {found.line > 0 && ` ${this._trans.__('line %1', found.line)}`}:
              </>
            }
          />
        ))}
      </ul>
    );
  }

  private _findings: readonly Finding[] = [];
  private _text = '';
}

/** Keeps the findings at the cells of an open notebook in step with its checker. */
export function showFindings(
  panel: NotebookPanel,
  checker: INotebookPipeline,
  trans: TranslationBundle
): void {
  const shown = new Map<string, CellFindings>();
  checker.changed.connect(() => {
    if (panel.isDisposed) {
      return;
    }
    const found = new Map<string, Finding[]>();
    for (const finding of checker.graph?.findings ?? []) {
      const cell = panel.content.widgets[finding.cell - 1];
      if (cell !== undefined && finding.severity !== 'note') {
        const id = cell.model.id;
        found.set(id, [...(found.get(id) ?? []), finding]);
      }
    }
    for (const [id, widget] of shown) {
      if (!found.has(id) || widget.isDisposed || widget.parent === null) {
        widget.dispose();
        shown.delete(id);
      }
    }
    for (const cell of panel.content.widgets) {
      const findings = found.get(cell.model.id);
      if (findings === undefined || !(cell.layout instanceof PanelLayout)) {
        continue;
      }
      let widget = shown.get(cell.model.id);
      if (widget === undefined) {
        widget = new CellFindings(
          fix => applyChanges(panel.content, fix.tags),
          trans
        );
        cell.layout.addWidget(widget);
        shown.set(cell.model.id, widget);
      }
      widget.findings = findings;
    }
  });
}
