/** Words that are looked for, and conditions of the filter language. Pure. */

/** Leaves out what monitoring has looked at: a run every few hours, which nobody has made. */
export const NO_MONITORING = "kind != 'monitor'";

/** What runs are tagged with that people have put away, and the condition that leaves them out. */
export const ARCHIVED = 'archived';
export const NOT_ARCHIVED = `tags.${ARCHIVED} is null`;

/** Whether a text is a condition of the filter language rather than words to look for. */
export function isCondition(text: string): boolean {
  return (
    /^\s*(not\s+)?\(*\s*((metrics?|params?|parameters|tags?|attributes?)\.|[a-z_]+\s*(=|!=|<|>|\b(like|ilike|in|is|not)\b))/i.test(
      text
    ) && /(=|<|>|\b(like|ilike|in|is)\b)/i.test(text)
  );
}
