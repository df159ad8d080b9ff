/** Params that make runs differ without saying anything of them. Pure. */

const SEED = /(^|[_.\-/])(seed|random_state)$/i;

/** Whether a param is a seed by its name. */
export function isSeed(name: string): boolean {
  return SEED.test(name);
}
