/** What tagging does to a cell's tags. Pure: the notebook is somewhere else. */

const STEP = /^step:/;
const NAME = /^[a-z][a-z0-9_-]*$/;
const OWN = new Set(['setup', 'parameters', 'gate']);

/** The role that the user chooses for cells. */
export type Choice =
  | { kind: 'step'; name: string }
  | { kind: 'setup' }
  | { kind: 'parameters' }
  | { kind: 'none' };

/** Whether `name` can be the name of a step. */
export function isStepName(name: string): boolean {
  return NAME.test(name);
}

/** The nearest name that a step can have. */
export function asStepName(words: string): string {
  return words
    .toLowerCase()
    .replace(/[^a-z0-9_]+/g, '-')
    .replace(/^[-_0-9]+/, '')
    .replace(/[-_]+$/, '');
}

/** The words among a cell's tags; a list that is none has none. */
export function wordsOf(tags: unknown): string[] {
  return Array.isArray(tags)
    ? tags.filter((tag): tag is string => typeof tag === 'string')
    : [];
}

/** The tags after the choice. Tags that are not ours stay where they are. */
export function choose(tags: unknown, choice: Choice): string[] {
  const words = wordsOf(tags);
  const others = words.filter(word => !STEP.test(word) && !OWN.has(word));
  switch (choice.kind) {
    case 'step': {
      const gate = words.includes('gate') ? ['gate'] : [];
      return [`step:${choice.name}`, ...gate, ...others];
    }
    case 'setup':
    case 'parameters':
      return [
        choice.kind,
        ...others.filter(word => !word.startsWith('after:'))
      ];
    case 'none':
      return others.filter(word => !word.startsWith('after:'));
  }
}

/** The tags with the gate mark set or taken away; a cell in no step has none. */
export function toggleGate(tags: unknown): string[] {
  const words = wordsOf(tags);
  if (!words.some(word => STEP.test(word))) {
    return words;
  }
  return words.includes('gate')
    ? words.filter(word => word !== 'gate')
    : [...words, 'gate'];
}

/** The tags after a step got another name, with the orders that name it. */
export function rename(tags: unknown, from: string, to: string): string[] {
  return wordsOf(tags).map(word =>
    word === `step:${from}`
      ? `step:${to}`
      : word === `after:${from}`
        ? `after:${to}`
        : word
  );
}

/** The names of the steps among the tags of many cells, in their order. */
export function stepNames(allTags: Iterable<unknown>): string[] {
  const names = new Set<string>();
  for (const tags of allTags) {
    for (const word of wordsOf(tags)) {
      if (STEP.test(word) && isStepName(word.slice(5))) {
        names.add(word.slice(5));
      }
    }
  }
  return [...names];
}
