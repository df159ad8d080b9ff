/** The line of a crontab. Pure: the dialog is somewhere else. */

import { PathExt } from '@jupyterlab/coreutils';

/** A text as one word of a shell; a home folder stays one. */
function quoted(text: string): string {
  const home = text.startsWith('~/') ? '~/' : '';
  return `${home}'${text.slice(home.length).replace(/'/g, "'\\''")}'`;
}

/** A line of a crontab that runs a notebook every night, in its folder. */
export function cronLine(root: string, path: string): string {
  const folder = [root, PathExt.dirname(path)].filter(Boolean).join('/');
  // cron takes a bare percent sign for the end of the line
  const words = `cd ${quoted(folder)} && mlops-jlab run ${quoted(PathExt.basename(path))}`;
  return `0 3 * * *  ${words.replace(/%/g, '\\%')}`;
}
