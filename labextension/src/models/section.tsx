/** Registered models in the panel: versions, what their gates said, who is champion, and changing that. */

import { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget, UseSignal } from '@jupyterlab/ui-components';
import * as React from 'react';

import { Model, Models, Version } from '../api/types';
import { Button, ProblemBox } from '../elements';
import { Fetched } from '../panel/fetched';
import { Gate, Verdict } from './gate';

const CHAMPION = 'champion';
const EXAMPLE =
  "import mlops_jlab\n\nmlops_jlab.register_model(model, 'flights', input_example=X)";

/** What the section asks of its surroundings. */
export interface Actions {
  openRun(id: string): void;
  promote(model: Model, version: Version): void;
  rollBack(model: Model): void;
  openModel(name: string, version?: number, compare?: boolean): void;
  openMonitoring(name: string): void;
}

interface Props {
  models: Fetched<Models>;
  actions: Actions;
  trans: TranslationBundle;
}

/** The section of the panel. */
export class ModelsSection extends ReactWidget {
  constructor(private readonly _props: Props) {
    super();
    this.addClass('jp-mlops-models');
    this.title.label = _props.trans.__('Models');
  }

  protected override render(): React.JSX.Element {
    const { models, trans } = this._props;
    return (
      <UseSignal signal={models.changed}>
        {() => (
          <div>
            <ProblemBox problem={models.problem} />
            {models.value.models.length === 0 && !models.problem && (
              <div className="jp-mlops-empty">
                <p>
                  {trans.__('No models yet. A fitted model becomes a version:')}
                </p>
                <pre>{EXAMPLE}</pre>
              </div>
            )}
            {models.value.models.map(model => (
              <OneModel key={model.name} model={model} {...this._props} />
            ))}
          </div>
        )}
      </UseSignal>
    );
  }
}

/** A model: the versions that have an alias and the newest; the others on demand. */
function OneModel(props: Props & { model: Model }): React.JSX.Element {
  const { model, trans } = props;
  const [all, setAll] = React.useState(false);
  const champion = model.versions.find(one => one.aliases.includes(CHAMPION));
  const shown = all
    ? model.versions
    : model.versions.filter((one, place) => place < 3 || one.aliases.length);
  const hidden = model.versions.length - shown.length;
  return (
    <section className="jp-mlops-model" aria-label={model.name}>
      <h3>
        <button
          type="button"
          className="jp-mlops-link"
          title={trans.__('Open the page of %1', model.name)}
          onClick={() => props.actions.openModel(model.name)}
        >
          {model.name}
        </button>
        <button
          type="button"
          className="jp-mlops-link jp-mlops-to-monitoring"
          title={trans.__('Drift and loss of %1 over time', model.name)}
          onClick={() => props.actions.openMonitoring(model.name)}
        >
          {trans.__('Monitoring')}
        </button>
      </h3>
      <ul>
        {shown.map(version => (
          <OneVersion
            key={version.version}
            {...props}
            version={version}
            champion={champion}
          />
        ))}
      </ul>
      {(hidden > 0 || all) && (
        <Button
          label={all ? trans.__('Fewer') : trans.__('%1 more', hidden)}
          onClick={() => setAll(!all)}
        />
      )}
    </section>
  );
}

function OneVersion(
  props: Props & {
    model: Model;
    version: Version;
    champion: Version | undefined;
  }
): React.JSX.Element {
  const { version, trans } = props;
  const made = new Date(version.created * 1000).toLocaleString();
  return (
    <li>
      <details>
        <summary>
          <b>{trans.__('Version %1', version.version)}</b>
          {version.aliases.map(alias => (
            <span key={alias} className="jp-mlops-alias">
              {alias}
            </span>
          ))}
          <Verdict verdict={version.verdict} />
          <span className="jp-mlops-hint">{made}</span>
        </summary>
        {version.note && <p>{version.note}</p>}
        <p className="jp-mlops-hint">
          {trans.__(
            '%1, %2, %3 MB, by %4',
            version.class.split('.').pop() ?? '',
            version.format,
            (version.size / 1e6).toPrecision(2),
            version.user
          )}
        </p>
        <Gate version={version} trans={trans} />
        <Buttons {...props} />
      </details>
    </li>
  );
}

function Buttons({
  models,
  model,
  version,
  champion,
  actions,
  trans
}: Props & {
  model: Model;
  version: Version;
  champion: Version | undefined;
}): React.JSX.Element {
  const isChampion = version === champion;
  const locked = !models.value.writable;
  return (
    <div className="jp-mlops-buttons">
      {isChampion ? (
        <Button
          label={trans.__('Roll Back…')}
          disabled={locked}
          onClick={() => actions.rollBack(model)}
        />
      ) : (
        <Button
          label={trans.__('Promote…')}
          accept
          disabled={locked}
          onClick={() => actions.promote(model, version)}
        />
      )}
      {!isChampion && champion && (
        <Button
          label={trans.__('Compare with Champion')}
          onClick={() => actions.openModel(model.name, version.version, true)}
        />
      )}
      <Button
        label={trans.__('Card')}
        onClick={() => actions.openModel(model.name, version.version)}
      />
      {version.run && (
        <Button
          label={trans.__('Run')}
          onClick={() => actions.openRun(version.run)}
        />
      )}
    </div>
  );
}
