// Keeps what was read out of templates: a spun template repeats, but not for ever.

const CHARACTERS_MOST = 1_000_000;

/** `read` once for each text, the oldest forgotten first. What `read` throws is thrown and not kept. */
export function openTemplateCache<T>(read: (text: string) => T): { of(text: string): T } {
  const known = new Map<string, T>();
  let held = 0;
  return {
    of(text) {
      const there = known.get(text);
      if (there !== undefined) {
        known.delete(text);
        known.set(text, there);
        return there;
      }
      const made = read(text);
      known.set(text, made);
      held += text.length;
      for (const oldest of known.keys()) {
        if (held <= CHARACTERS_MOST) break;
        known.delete(oldest);
        held -= oldest.length;
      }
      return made;
    },
  };
}
