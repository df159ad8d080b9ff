/** The routes of registered data, of profiles, and of watched models. */

import { Asking } from './asking';
import {
  Datasets,
  DatasetWhole,
  Monitoring,
  MonitoringColumn,
  MonitoringHistory,
  RunProfiles,
  Services,
  Verified
} from './types';

/** One function a route. */
export class DataRoutes extends Asking {
  /** The models that are watched. */
  monitoring(): Promise<Monitoring> {
    return this._ask('monitoring');
  }

  /** The last windows of a watched model. */
  monitoringHistory(name: string, windows: number): Promise<MonitoringHistory> {
    return this._find('monitoring/history', { name, windows: String(windows) });
  }

  /** Who serves a model, and how that went in the last `span` seconds. */
  services(name: string, span: number): Promise<Services> {
    return this._find('monitoring/services', { name, span: String(span) });
  }

  /** One column of a window beside what the version was fitted on. */
  monitoringColumn(
    name: string,
    window: number,
    column: string
  ): Promise<MonitoringColumn> {
    const query = { name, window: String(window), column };
    return this._find('monitoring/column', query);
  }

  /** The frames that a run has made; beside those of the run `against`, if that is named. */
  runProfiles(run: string, against = ''): Promise<RunProfiles> {
    const path = `runs/${run}/profiles`;
    return against ? this._find(path, { against }) : this._ask(path);
  }

  /** All registered data with their versions. */
  datasets(): Promise<Datasets> {
    return this._ask('datasets');
  }

  /** One version of registered data; beside the version `against`, if that is named. */
  dataset(address: string, against = ''): Promise<DatasetWhole> {
    return this._find('datasets/version', {
      address,
      ...(against ? { against } : {})
    });
  }

  /** Whether the files of a version are as they were when it was added. */
  verifyDataset(address: string): Promise<Verified> {
    return this._find('datasets/verify', { address });
  }
}
