/** What of a run was recorded without a line of code that asks for it. */

/** The names of params, metrics and files. */
export interface Automatic {
  params: readonly string[];
  metrics: readonly string[];
  files: readonly string[];
}

function namesIn(value: unknown): string[] {
  return Array.isArray(value)
    ? value.filter((name): name is string => typeof name === 'string')
    : [];
}

/** What the facts of a run say of it. Pure. */
export function automaticOf(
  facts: Readonly<Record<string, unknown>> | undefined
): Automatic {
  const found = (facts?.automatic ?? {}) as Record<string, unknown>;
  return {
    params: namesIn(found.params),
    metrics: namesIn(found.metrics),
    files: namesIn(found.files)
  };
}
