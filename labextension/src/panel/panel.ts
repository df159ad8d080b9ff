/** The panel in the sidebar: sections that fold, and sleep while nobody sees them. */

import { JupyterFrontEnd } from '@jupyterlab/application';
import { MainAreaWidget } from '@jupyterlab/apputils';
import { INotebookTracker } from '@jupyterlab/notebook';
import { TranslationBundle } from '@jupyterlab/translation';
import { SidePanel } from '@jupyterlab/ui-components';
import { Message } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';

import { Client } from '../api/client';
import { panelIcon } from '../icons/icons';
import { PipelineModel } from '../pipelines/model';
import { PipelineSection } from '../pipelines/section';
import { ComparisonView } from '../runs/comparison';
import { DetailView } from '../runs/detail';
import { RunsSection } from '../runs/list';
import { RunsModel } from '../runs/model';

const CHANGED = 'https://mlops-jlab.org/events/runs-changed/v1';

/** The panel. It tells its models whether it is seen. */
export class MlopsPanel extends SidePanel {
  constructor(
    private readonly _runs: RunsModel,
    private readonly _pipeline: PipelineModel,
    trans: TranslationBundle
  ) {
    super();
    this.id = 'mlops-jlab-panel';
    this.addClass('jp-mlops-panel');
    this.title.icon = panelIcon;
    this.title.caption = trans.__('Pipelines and Runs');
  }

  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this._runs.isVisible = true;
    this._pipeline.isVisible = true;
  }

  protected override onAfterHide(message: Message): void {
    super.onAfterHide(message);
    this._runs.isVisible = false;
    this._pipeline.isVisible = false;
  }
}

/** Builds the panel and connects it with the server. */
export function makePanel(
  app: JupyterFrontEnd,
  tracker: INotebookTracker,
  trans: TranslationBundle
): MlopsPanel {
  const client = new Client(app.serviceManager.serverSettings);
  const runs = new RunsModel(client);
  const pipeline = new PipelineModel(client, tracker);
  app.serviceManager.events.stream.connect((_, event) => {
    if (event.schema_id === CHANGED) {
      runs.noteChange();
      pipeline.noteChange();
    }
  });
  const show = (content: Widget): void => {
    const main = new MainAreaWidget({ content });
    main.title.icon = panelIcon;
    app.shell.add(main, 'main');
  };
  const panel = new MlopsPanel(runs, pipeline, trans);
  panel.addWidget(new PipelineSection(pipeline, client, trans));
  panel.addWidget(
    new RunsSection(
      runs,
      {
        open: run => show(new DetailView({ client, run, trans })),
        compare: ids => show(new ComparisonView(client, ids, trans)),
        cancel: run => void client.cancel(run.id).then(() => runs.refresh())
      },
      trans
    )
  );
  return panel;
}
