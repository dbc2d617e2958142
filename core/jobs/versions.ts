// Versions and patterns: ordering is the server's business (scomo sheet 10); numbers count as numbers, the rest as text.

/** Below 0 where `a` is older than `b`. `1.10` is newer than `1.9`, `2.0` equals `2`, `1.0-rc1` comes before `1.0`. */
export function compareVersions(a: string, b: string): number {
  const left = parts(a)
  const right = parts(b)
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const x = left[i] ?? 0
    const y = right[i] ?? 0
    if (x === y) continue
    if (typeof x === 'number' && typeof y === 'number') return x - y
    // A word marks what comes before the number (rc, beta); two words go by the alphabet.
    if (typeof x === 'number') return 1
    if (typeof y === 'number') return -1
    return x < y ? -1 : 1
  }
  return 0
}

const parts = (version: string): (number | string)[] =>
  (version.toLowerCase().match(/\d+|[a-z]+/g) ?? []).map((part) => (/^\d/.test(part) ? Number(part) : part))

/** True where one of the patterns fits, or there is none; `*` at the end matches the rest, case does not matter. */
export function fits(patterns: readonly string[], text: string): boolean {
  const wanted = text.toLowerCase()
  return (
    patterns.length === 0 ||
    patterns.some((each) => {
      const pattern = each.toLowerCase()
      return pattern.endsWith('*') ? wanted.startsWith(pattern.slice(0, -1)) : wanted === pattern
    })
  )
}

/** A name for `<X>` or `<Y>`: letters, digits, `_`; as the sheets make `antivir21` of `antivir-2.1`. */
export function nodeName(text: string): string {
  const name = text.replace(/[^A-Za-z0-9_]/g, '').slice(0, 32)
  return name === '' ? 'pkg' : name
}
