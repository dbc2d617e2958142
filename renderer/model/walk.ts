// Where a key leads in a list of lines: one answer for every grid, list, ladder and tree.

/** Lines of one page where nobody says how many fit. */
const PAGE = 10
/** Typed letters belong together this long, ms. */
export const TOGETHER = 800

/** The line a key leads to, kept within the list; null where the key moves nowhere. `at` is -1 where the person is nowhere yet; j and k only with `letters`. */
export function lead(key: string, at: number, count: number, page = PAGE, letters = true): number | null {
  if (count === 0) return null
  const to = {
    ArrowDown: at + 1,
    ArrowUp: at < 0 ? count - 1 : at - 1,
    Home: 0,
    End: count - 1,
    PageDown: at + page,
    PageUp: at - page,
    ...(letters ? { j: at + 1, k: at < 0 ? count - 1 : at - 1 } : {}),
  }[key]
  return to === undefined ? null : Math.max(0, Math.min(count - 1, to))
}

/** The first line below `from` (going round) of which `name` begins with what was typed; -1 where none does. A repeated letter steps on. */
export function jump(count: number, name: (index: number) => string, from: number, typed: string): number {
  const same = typed.length > 1 && [...typed].every((c) => c === typed[0])
  const wanted = (same ? (typed[0] ?? '') : typed).toLowerCase()
  const step = wanted.length === 1 ? 1 : 0
  for (let i = 0; i < count; i++) {
    const at = (Math.max(0, from) + step + i) % count
    if (name(at).toLowerCase().startsWith(wanted)) return at
  }
  return -1
}
