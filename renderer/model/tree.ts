// A device's tree as a list of lines: only what was opened, only the pages that were looked at. Pure; whoever calls loads the pages.
import type { TreeNode, TreeNodes } from '../../core/api.ts'

/** Children asked for in one call. */
export const PAGE = 500

/** One line of the list. `node` is null until its page has come. */
export interface Line {
  readonly parent: Line | null
  /** Place among its siblings, from 0. */
  readonly index: number
  /** 0 for the root. */
  readonly level: number
  node: TreeNode | null
  /** Lines of the children while it is open and they are known by number; null otherwise. */
  kids: Line[] | null
  /** Pages (by number) whose nodes are as new as the last change. */
  fresh: Set<number>
  /** Stands for what was not asked yet where `node` is null; set while a page is on its way. */
  asked: Set<number>
}

/** Children wanted: of `uri`, from index `first`. */
export interface Wanted {
  readonly line: Line
  readonly uri: string
  readonly first: number
  readonly count: number
}

/** A lazily read tree. */
export interface Tree {
  /** The lines in order, closed ones without their children. */
  lines(): readonly Line[]
  /** Sets or renews the root; null empties the tree. Which nodes are open is kept. */
  root(node: TreeNode | null): void
  isOpen(uri: string): boolean
  open(uri: string, yes: boolean): void
  /** Takes an answer to `wanted`. */
  put(wanted: Wanted, answer: TreeNodes): void
  /** An answer failed: it may be asked again. */
  failed(wanted: Wanted): void
  /** Everything known is to be read again when it comes into view. */
  stale(): void
  /** Pages to be asked for so that the lines `from … to` are there and new; they count as asked from now on. */
  wanted(from: number, to: number): readonly Wanted[]
  /** Place of a node among the lines, -1 where it is not shown. */
  indexOf(uri: string): number
  /** The pages of `parent` that were never read, in order; what a search for one child has to go through. */
  unread(parent: string): readonly Wanted[]
}

/** URI of the parent; null for the root. */
export function parentUri(uri: string): string | null {
  if (uri === '.') return null
  const at = uri.lastIndexOf('/')
  return at <= 0 ? '.' : uri.slice(0, at)
}

/** The URIs from the root down to the parent of `uri`. */
export function ancestors(uri: string): readonly string[] {
  const out: string[] = []
  for (let up = parentUri(uri); up !== null; up = parentUri(up)) out.unshift(up)
  return out
}

const fresh = (parent: Line | null, index: number): Line => ({
  parent,
  index,
  level: parent === null ? 0 : parent.level + 1,
  node: null,
  kids: null,
  fresh: new Set(),
  asked: new Set(),
})

/** An empty tree; the root is open from the start. */
export function createTree(page = PAGE): Tree {
  let root: Line | null = null
  let flat: Line[] | null = null
  const open = new Set<string>(['.'])

  /** Makes the line's children agree with its node: as many lines as it has children while it is open. */
  function fit(line: Line): void {
    const { node } = line
    const count = node !== null && open.has(node.uri) ? (node.children ?? 0) : 0
    if (count === 0) line.kids = null
    else {
      const kids = (line.kids ??= [])
      if (kids.length > count) kids.length = count
      for (let index = kids.length; index < count; index++) kids.push(fresh(line, index))
    }
    if (line.kids === null) {
      line.fresh.clear()
      line.asked.clear()
    }
    flat = null
  }
  function set(line: Line, node: TreeNode): void {
    // Another node stands here now: what hung below the old one is not its own.
    if (line.node !== null && line.node.uri !== node.uri) line.kids = null
    line.node = node
    fit(line)
  }
  function lines(): Line[] {
    if (flat !== null) return flat
    const out: Line[] = []
    const walk = (line: Line): void => {
      out.push(line)
      if (line.kids !== null) for (const kid of line.kids) walk(kid)
    }
    if (root !== null) walk(root)
    return (flat = out)
  }
  const find = (uri: string): Line | null => lines().find((line) => line.node?.uri === uri) ?? null
  const want = (line: Line, number: number): Wanted => ({ line, uri: line.node?.uri ?? '.', first: number * page, count: page })

  return {
    lines,
    root(node) {
      if (node === null) {
        root = null
        flat = null
        return
      }
      root ??= fresh(null, 0)
      set(root, node)
    },
    isOpen: (uri) => open.has(uri),
    open(uri, yes) {
      if (yes) open.add(uri)
      else open.delete(uri)
      const line = find(uri)
      if (line !== null) fit(line)
    },
    put({ line, first }, answer) {
      const number = Math.floor(first / page)
      line.asked.delete(number)
      if (line.kids === null || line.node === null) return
      const count = first + answer.nodes.length + answer.more
      if (count !== line.node.children) line.node = { ...line.node, children: count }
      fit(line)
      answer.nodes.forEach((node, i) => {
        const kid = line.kids?.[first + i]
        if (kid !== undefined) set(kid, node)
      })
      if (line.kids !== null) line.fresh.add(number)
    },
    failed: ({ line, first }) => void line.asked.delete(Math.floor(first / page)),
    stale() {
      const walk = (line: Line): void => {
        line.fresh.clear()
        line.asked.clear()
        line.kids?.forEach(walk)
      }
      if (root !== null) walk(root)
    },
    wanted(from, to) {
      const all = lines()
      const out: Wanted[] = []
      for (let i = Math.max(0, from); i <= Math.min(to, all.length - 1); i++) {
        const { parent, index } = all[i] as Line
        if (parent === null) continue
        const number = Math.floor(index / page)
        if (parent.fresh.has(number) || parent.asked.has(number)) continue
        parent.asked.add(number)
        out.push(want(parent, number))
      }
      return out
    },
    indexOf: (uri) => lines().findIndex((line) => line.node?.uri === uri),
    unread(parent) {
      const line = find(parent)
      if (line?.kids === undefined || line.kids === null) return []
      const out: Wanted[] = []
      for (let number = 0; number * page < line.kids.length; number++) {
        const read = line.kids.slice(number * page, (number + 1) * page).every((kid) => kid.node !== null)
        if (!read) out.push(want(line, number))
      }
      return out
    },
  }
}

/** What the badge of a node says: a word, a shape (name of an icon) and a tone, so that none is told by colour alone. */
export interface Badge {
  readonly word: string
  readonly shape: 'unread' | 'check' | 'event' | 'flash' | 'gone'
  readonly tone: '' | 'faint' | 'good' | 'warn' | 'bad' | 'accent'
}

/** Age in few characters: `4 s`, `3 min`, `2 h`, `5 d`. */
export function age(ms: number): string {
  const s = Math.max(0, Math.floor(ms / 1000))
  if (s < 60) return `${s} s`
  if (s < 3600) return `${Math.floor(s / 60)} min`
  return s < 86_400 ? `${Math.floor(s / 3600)} h` : `${Math.floor(s / 86_400)} d`
}

/** The badge of a node; `now` in ms, 0 where a past moment is looked at (ages then say nothing). */
export function badge(node: TreeNode, now: number): Badge {
  if (node.status === 'gone') return { word: 'gone', shape: 'gone', tone: 'bad' }
  if (node.changed) return { word: 'changed now', shape: 'flash', tone: 'accent' }
  if (node.status === 'never fetched') return { word: 'never fetched', shape: 'unread', tone: 'faint' }
  const old = now === 0 || node.at === 0 ? '' : ` ${age(now - node.at)}`
  if (node.status === 'stale') return { word: `stale${old}`, shape: 'event', tone: 'warn' }
  return { word: `fetched${old}`, shape: 'check', tone: 'good' }
}

/** Where an arrow key leads: `open` and `close` act on the line, a number is the line to go to, null nothing. */
export function steer(lines: readonly Line[], at: number, key: string): 'open' | 'close' | number | null {
  const line = lines[at]
  if (line === undefined || line.node === null) return null
  const kids = line.node.children ?? 0
  if (key === 'ArrowRight') {
    if (kids === 0) return null
    return line.kids === null ? 'open' : at + 1
  }
  if (line.kids !== null) return 'close'
  return line.parent === null ? null : lines.indexOf(line.parent)
}

/** How many were found, said so that nobody takes a part for the whole. */
export function foundWords({ nodes, searched, state }: Found, of: number): string {
  const n = (value: number): string => value.toLocaleString('en')
  const hits = nodes.length === 1 ? '1 node matches' : `${n(nodes.length)} nodes match`
  if (state === 'done') return `${hits} (all ${n(searched)} searched)`
  return `${hits} so far, ${n(searched)} of ${n(Math.max(of, searched))} ${state === 'stopped' ? 'searched: stopped' : 'searched …'}`
}

/** A search as far as it got. */
export interface Found {
  readonly nodes: readonly TreeNode[]
  /** Nodes examined. */
  readonly searched: number
  readonly state: 'searching' | 'stopped' | 'done'
}
