// The dialect file of a workspace: read, watched, written; what is in force changes at once, and only to a text without mistakes.
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { DialectArea, DialectProblem, DialectState, DialectView } from '../api.ts'
import { DIALECT_EXAMPLE, DIALECT_WORDS, parseDialect, viewOf } from '../lab/dialect.ts'
import type { DialectRule, Spoken } from '../lab/dialect.ts'
import { writeWhole } from './disk.ts'

const DIALECT_FILE = 'dialect.json'
/** How often the file is looked at, ms. */
const LOOK = 300

export interface DialectsParts {
  /** Folder of the workspace. */
  readonly dir: string
  readonly now: () => number
  /** What a device says of itself. */
  readonly who: (device: string) => Spoken
  readonly tell: (state: DialectState) => void
}

export interface Dialects {
  readonly area: DialectArea
  /** What holds for a device now; the same object until something moves. */
  view(device: string): DialectView
  /** True where no rule is in force: nobody need be asked. */
  readonly none: boolean
  stop(): void
}

export function openDialects(parts: DialectsParts): Dialects {
  const path = join(parts.dir, DIALECT_FILE)
  let rules: readonly DialectRule[] = []
  let since = 0
  let text = ''
  let exists = false
  let problems: readonly DialectProblem[] = []
  let inForce = true
  const views = new Map<string, DialectView>()

  /** Takes in what lies on the disk; true where it is another text than before. */
  const read = (): boolean => {
    const there = existsSync(path)
    const found = there ? readFileSync(path, 'utf8') : ''
    if (there === exists && found === text) return false
    exists = there
    text = found
    const parsed = there ? parseDialect(found) : { rules: [], problems: [] }
    ;({ problems } = parsed)
    inForce = parsed.rules !== null
    if (parsed.rules !== null) {
      rules = parsed.rules
      since = there ? parts.now() : 0
      views.clear()
    }
    return true
  }
  const state = (): DialectState => ({
    file: DIALECT_FILE,
    text: exists ? text : DIALECT_EXAMPLE,
    exists,
    problems,
    inForce,
    since,
    rules: rules.length,
    words: DIALECT_WORDS,
  })
  let stamp = stampOf(path)
  const look = (): void => {
    try {
      if (read()) parts.tell(state())
    } catch {
      // It vanished between two looks, or may not be read: the next look finds it.
      stamp = ''
    }
  }
  read()
  // Looked at rather than watched: the folder's other files are written all the time.
  const looking = setInterval(() => {
    const now = stampOf(path)
    if (now === stamp) return
    stamp = now
    look()
  }, LOOK)
  looking.unref()

  const view = (device: string): DialectView => {
    const who = parts.who(device)
    const known = views.get(device)
    // A device may say another manufacturer than before.
    if (known !== undefined && known.manufacturer === who.manufacturer && known.model === who.model) return known
    const made = viewOf(rules, who)
    if (views.size > 10_000) views.clear()
    views.set(device, made)
    return made
  }
  return {
    view,
    get none() {
      return rules.length === 0
    },
    area: {
      get: async () => state(),
      check: async (wanted) => parseDialect(wanted).problems,
      put: async (wanted) => {
        const first = parseDialect(wanted).problems.find(({ severity }) => severity === 'error')
        if (first !== undefined) throw new Error(`line ${first.line}, column ${first.column}: ${first.what}`)
        writeWhole(path, wanted)
        read()
        parts.tell(state())
        return state()
      },
      view: async (device) => view(device),
    },
    stop: () => {
      clearInterval(looking)
    },
  }
}

/** What tells one state of a file from the next; '' where there is none. */
function stampOf(path: string): string {
  const found = statSync(path, { throwIfNoEntry: false })
  return found === undefined ? '' : `${found.ino}/${found.mtimeMs}/${found.size}`
}
