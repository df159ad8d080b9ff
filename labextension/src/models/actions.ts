/** What can be done with versions, from the panel. */

import { TranslationBundle } from '@jupyterlab/translation';

import { Client } from '../api/client';
import { Model, Version } from '../api/types';
import { Fetched } from '../panel/fetched';
import { askWhy } from './dialogs';
import { Actions } from './section';

const ALIAS = 'champion';

/** The actions of the section; what opens pages is another's. */
export function actionsOf(
  parts: Parts & Pick<Actions, 'openRun' | 'openModel' | 'openMonitoring'>
): Actions {
  const { openRun, openModel, openMonitoring } = parts;
  return {
    openRun,
    openModel,
    openMonitoring,
    promote: (model, version) => void promote(parts, model, version),
    rollBack: model => void rollBack(parts, model)
  };
}

/** What does something, and shows what has come of it. */
interface Parts {
  models: Pick<Fetched<unknown>, 'do'>;
  client: Client;
  trans: TranslationBundle;
}

/** Asks why, and makes a version the champion. */
export async function promote(
  { models, client, trans }: Parts,
  model: Model,
  { version, verdict, why }: Version
): Promise<void> {
  const override = verdict !== '' && verdict !== 'pass';
  const reason = await askWhy({
    title: trans.__('Promote %1 version %2', model.name, version),
    label: override
      ? trans.__('Its gate says: %1 (%2). Why is it promoted?', verdict, why)
      : trans.__('Why? It stands in the audit log.'),
    button: override ? trans.__('Override the Gate') : trans.__('Promote'),
    required: override
  });
  if (reason !== null) {
    const champion = model.versions.find(one => one.aliases.includes(ALIAS));
    const expected = champion?.version ?? 0;
    const wish = { version, alias: ALIAS, reason, expected, override };
    await models.do(() => client.promote({ model: model.name, ...wish }));
  }
}

/** Asks why, and approves of a version in the name that the server knows. */
export async function approve(
  { models, client, trans }: Parts,
  { name }: Pick<Model, 'name'>,
  { version }: Pick<Version, 'version'>
): Promise<void> {
  const reason = await askWhy({
    title: trans.__('Approve %1 version %2', name, version),
    label: trans.__('Why? It stands in the audit log.'),
    button: trans.__('Approve')
  });
  if (reason !== null) {
    const wish = { model: name, version, alias: ALIAS, reason };
    await models.do(() => client.approve(wish));
  }
}

/** Asks why, and makes the champion before the champion again. */
export async function rollBack(
  { models, client, trans }: Parts,
  { name }: Pick<Model, 'name'>
): Promise<void> {
  const reason = await askWhy({
    title: trans.__('Roll %1 back to the champion before', name),
    label: trans.__('Why? It stands in the audit log.'),
    button: trans.__('Roll Back')
  });
  if (reason !== null) {
    await models.do(() =>
      client.rollBack({ model: name, alias: ALIAS, reason })
    );
  }
}
