/** How a step is run: a form in the property inspector for the step of the active cell. */

import { NotebookTools } from '@jupyterlab/notebook';
import { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import { PanelLayout } from '@lumino/widgets';
import * as React from 'react';

import { Choice } from '../elements';
import { settingsOf, writeSettings } from './metadata';
import {
  CACHING,
  cachingOf,
  FIELDS,
  isRecorded,
  problemOfField,
  Settings,
  withCaching,
  withField,
  withRecording
} from './settings';
import { roleOf } from './roles';

/** The form. It writes when a field is left, not with every key. */
export class StepForm extends NotebookTools.Tool {
  constructor(private readonly _trans: TranslationBundle) {
    super();
    this.addClass('jp-mlops-form');
    this.layout = new PanelLayout();
  }

  protected override onActiveCellChanged(): void {
    this._redraw();
  }

  protected override onActiveCellMetadataChanged(): void {
    this._redraw();
  }

  protected override onActiveNotebookPanelMetadataChanged(): void {
    this._redraw();
  }

  private _redraw(): void {
    const layout = this.layout as PanelLayout;
    const model = this.notebookTools.activeNotebookPanel?.content.model;
    const role = roleOf(
      this.notebookTools.activeCell?.model.getMetadata('tags')
    );
    this._body?.dispose();
    this._body = ReactWidget.create(
      role?.kind === 'step' ? (
        <Fields
          key={role.name}
          step={role.name}
          settings={settingsOf(model, role.name)}
          onChange={settings => writeSettings(model, role.name, settings)}
          trans={this._trans}
        />
      ) : (
        <p>{this._trans.__('The cell is in no step of a pipeline.')}</p>
      )
    ) as ReactWidget;
    layout.addWidget(this._body);
  }

  private _body: ReactWidget | null = null;
}

/** The fields of a step's settings. */
export function Fields(props: {
  step: string;
  settings: Settings;
  onChange: (settings: Settings) => void;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { step, settings, onChange, trans } = props;
  const labels = {
    retries: trans.__('Tries after a failure'),
    timeout: trans.__('Time limit in seconds'),
    backoff: trans.__('Seconds before the next try'),
    memory: trans.__('Memory limit, such as 2 GB'),
    cpus: trans.__('Processors'),
    when: trans.__('Only when, such as metrics.rows > 1000'),
    for_each: trans.__('In parts, for each item of the list'),
    at_most: trans.__('In how many parts at most')
  };
  return (
    <fieldset aria-label={trans.__('How step %1 is run', step)}>
      <legend>{trans.__('Step %1', step)}</legend>
      {FIELDS.map(field => (
        <Field
          key={field}
          label={labels[field]}
          name={field}
          value={settings[field]}
          onChange={text => onChange(withField(settings, field, text))}
          trans={trans}
        />
      ))}
      <label>
        <span>{trans.__('Use an earlier answer')}</span>
        <Choice
          label={trans.__('Use an earlier answer')}
          value={cachingOf(settings)}
          values={CACHING}
          names={{
            '': trans.__('if nothing has changed'),
            always: trans.__('even if it may differ each time'),
            never: trans.__('never')
          }}
          onChange={word => onChange(withCaching(settings, word))}
        />
      </label>
      <label>
        <input
          type="checkbox"
          checked={isRecorded(settings)}
          onChange={event =>
            onChange(withRecording(settings, event.target.checked))
          }
        />
        <span>
          {trans.__('Record the results, figures and tables it shows')}
        </span>
      </label>
    </fieldset>
  );
}

function Field(props: {
  label: string;
  name: (typeof FIELDS)[number];
  value: unknown;
  onChange: (text: string) => void;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { label, name, value, onChange, trans } = props;
  const kept = value === undefined ? '' : String(value);
  const [text, setText] = React.useState(kept);
  const problem = problemOfField(name, text, trans);
  const finish = (now: string): void => {
    if (now !== kept && problemOfField(name, now, trans) === '') {
      onChange(now);
    }
  };
  return (
    <label>
      <span>{label}</span>
      <input
        className="jp-mod-styled"
        value={text}
        aria-invalid={problem !== ''}
        onChange={event => setText(event.target.value)}
        onBlur={() => finish(text)}
        onKeyDown={event => event.key === 'Enter' && finish(text)}
      />
      {problem && (
        <small role="alert" className="jp-mlops-wrong">
          {problem}
        </small>
      )}
    </label>
  );
}
