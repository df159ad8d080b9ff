/** What can be done with versions, from the panel. */

import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { TranslationBundle } from '@jupyterlab/translation';

import { Client } from '../api/client';
import { Model, Models, Version } from '../api/types';
import { Fetched } from '../panel/fetched';
import { askWhy, showCard, showComparison } from './dialogs';
import { Actions } from './section';

const ALIAS = 'champion';

/** The actions of the section; `openRun` is another's. */
export function actionsOf(parts: {
  models: Fetched<Models>;
  client: Client;
  rendermime: IRenderMimeRegistry | null;
  trans: TranslationBundle;
  openRun: (id: string) => void;
}): Actions {
  const { models, client, rendermime, trans, openRun } = parts;
  return {
    openRun,
    promote: (model, version) => void promote(parts, model, version),
    rollBack: model => void rollBack(parts, model),
    compare: ({ name }, version, champion) =>
      void models.do(async () => {
        const addresses = [champion, version].map(
          one => `${name}/${one.version}`
        );
        await showComparison(await client.compareVersions(addresses), trans);
      }),
    card: ({ name }, { version }) =>
      void models.do(async () => {
        const { text } = await client.card(`${name}/${version}`);
        await showCard(`${name} ${version}`, text, rendermime, trans);
      })
  };
}

interface Parts {
  models: Fetched<Models>;
  client: Client;
  trans: TranslationBundle;
}

async function promote(
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

async function rollBack(
  { models, client, trans }: Parts,
  { name }: Model
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
