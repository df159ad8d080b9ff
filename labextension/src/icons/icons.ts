/** The icons of the extension. */

import { LabIcon } from '@jupyterlab/ui-components';

const STEP = `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">
<g class="jp-icon3" fill="#616161"><path d="M3 4h8v5H3zM13 15h8v5h-8z"/>
<path d="M6 9h2v7.5h5v2H6z"/></g></svg>`;

const PANEL = `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">
<g class="jp-icon3 jp-icon-selectable" fill="#616161"><circle cx="5" cy="6" r="3"/><circle cx="5" cy="18" r="3"/>
<circle cx="19" cy="12" r="3"/><path d="M7 5.5l10 4.7-.8 1.8-10-4.7zM7 18.5l10-4.7-.8-1.8-10 4.7z"/></g></svg>`;

/** A cell that goes into a step. */
export const stepIcon = new LabIcon({ name: 'mlops-jlab:step', svgstr: STEP });

/** Steps that flow together: the panel. */
export const panelIcon = new LabIcon({
  name: 'mlops-jlab:panel',
  svgstr: PANEL
});
