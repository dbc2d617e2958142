// Walks over devices' trees, breadth first: a policy behind the server's own that asks for a few nodes whenever the server may speak. They outlive sessions and the lab.
import type { DiscoverOptions, Discovery } from '../api.ts'
import { decodeSegment, encodeSegment } from '../dmtree/uri.ts'
import { addressOf } from '../mirror/facts.ts'
import type { Mirror } from '../mirror/mirror.ts'
import type { MirrorNode } from '../mirror/node.ts'
import { latest, uriOf } from '../mirror/node.ts'
import type { CommandOutcome, Policy, SessionView, Work } from '../server/policy.ts'
import type { Command } from '../syncml/message.ts'

/** Gets in one message at the most. */
const BATCH = 50
/** Progress is kept after so many answers; what is lost in between is asked again. */
const SAVE_EVERY = 100
const NAMES = 'tree.walks'

interface Kept {
  readonly root: string
  readonly perSecond: number
  readonly again: boolean
  readonly acl: boolean
  readonly startedAt: number
  state: 'running' | 'done' | 'cancelled'
  asked: number
  refused: number
}

interface Walk {
  readonly kept: Kept
  /** URIs to ask, `?prop=ACL` among them; null: to be planned from what is known. */
  queue: string[] | null
  head: number
  readonly seen: Set<string>
  readonly flying: Map<Command, string>
  current: string
  /** When the next answer with Gets may leave, ms. */
  nextAt: number
  /** When the answer being made now may leave; 0 where none is. */
  leaveAt: number
  unsaved: number
}

/** What the walks need. */
export interface WalkParts {
  readonly now: () => number
  readonly mirror: (device: string) => Mirror
  readonly setting: (name: string) => string | undefined
  readonly setSetting: (name: string, value: string) => void
  /** True while a session of this device is open. */
  readonly open: (device: string) => boolean
  readonly moved: (device: string, walk: Discovery) => void
}

export class Walks implements Policy {
  readonly #parts: WalkParts
  readonly #walks = new Map<string, Walk>()

  constructor(parts: WalkParts) {
    this.#parts = parts
    for (const device of JSON.parse(parts.setting(NAMES) ?? '[]') as string[]) {
      const text = parts.setting(nameOf(device))
      if (text !== undefined) this.#walks.set(device, fresh(JSON.parse(text) as Kept))
    }
  }

  /** Begins a walk; one that ran already begins anew. */
  start(device: string, options: DiscoverOptions): Discovery {
    const root = options.root ?? '.'
    const address = addressOf(root)
    if (address === null || address.property !== '' || address.list !== '') throw new Error(`${root} is no URI of a node`)
    const { perSecond = 20, again = false, acl = false } = options
    const kept: Kept = { root, perSecond, again, acl, startedAt: this.#parts.now(), state: 'running', asked: 0, refused: 0 }
    const walk = fresh(kept)
    this.#walks.set(device, walk)
    this.#plan(device, walk)
    this.#parts.setSetting(NAMES, JSON.stringify([...this.#walks.keys()]))
    this.#finish(walk)
    return this.#save(device, walk)
  }

  get(device: string): Discovery | null {
    const walk = this.#walks.get(device)
    return walk === undefined ? null : this.#told(device, walk)
  }

  cancel(device: string): Discovery | null {
    const walk = this.#walks.get(device)
    if (walk === undefined) return null
    if (walk.kept.state === 'running') walk.kept.state = 'cancelled'
    return this.#save(device, walk)
  }

  /** Devices whose next message may carry Gets of a walk and so may have to wait. */
  get pacing(): boolean {
    if (this.#walks.size === 0) return false
    for (const walk of this.#walks.values()) if (walk.leaveAt > 0) return true
    return false
  }

  /** How long the answer to this device must wait, ms, so that the walk keeps its rate. */
  delay(device: string): number {
    const walk = this.#walks.get(device)
    if (walk === undefined || walk.leaveAt === 0) return 0
    const wait = Math.max(0, walk.leaveAt - this.#parts.now())
    walk.leaveAt = 0
    return wait
  }

  next(view: SessionView, outcomes: readonly CommandOutcome[]): readonly Work[] {
    const walk = this.#walks.get(view.device)
    if (walk === undefined) return []
    const { kept } = walk
    const before = kept.asked
    for (const outcome of outcomes) this.#answered(walk, outcome)
    if (view.round === 0) this.#lost(walk)
    if (kept.state !== 'running') return []
    if (walk.queue === null) this.#plan(view.device, walk)
    const uris = this.#batch(walk)
    const commands = uris.map((locUri): Command => ({ kind: 'Get', cmdId: '', items: [{ target: { locUri } }] }))
    commands.forEach((command, i) => walk.flying.set(command, uris[i] ?? ''))
    walk.unsaved += kept.asked - before
    if (this.#finish(walk) || walk.unsaved >= SAVE_EVERY) this.#save(view.device, walk)
    else if (uris.length > 0 || kept.asked > before) this.#parts.moved(view.device, this.#told(view.device, walk))
    if (uris.length === 0) return []
    const now = this.#parts.now()
    walk.leaveAt = Math.max(now, walk.nextAt)
    walk.nextAt = walk.leaveAt + (uris.length * 1000) / kept.perSecond
    return [{ order: null, commands }]
  }

  #batch(walk: Walk): string[] {
    const most = Math.max(1, Math.min(BATCH, Math.floor(walk.kept.perSecond)))
    const uris = walk.queue?.slice(walk.head, walk.head + most) ?? []
    walk.head += uris.length
    walk.current = uris.at(-1) ?? walk.current
    if (walk.head > 10_000) {
      walk.queue = walk.queue?.slice(walk.head) ?? []
      walk.head = 0
    }
    return uris
  }

  #answered(walk: Walk, { command, outcomes }: CommandOutcome): void {
    const uri = walk.flying.get(command)
    if (uri === undefined) return
    walk.flying.delete(command)
    const good = outcomes.find((outcome) => outcome.code >= 200 && outcome.code < 300)
    // No Status at all: the session ended; it is asked again in the next one.
    if (good === undefined && outcomes.every((outcome) => outcome.code === 0)) return void walk.queue?.push(uri)
    walk.kept.asked += 1
    if (good === undefined) walk.kept.refused += 1
    else if (!uri.includes('?') && good.format === 'node') for (const name of namesOf(good.data)) this.#want(walk, `${uri}/${encodeSegment(name)}`)
  }

  /** A new session: what the last one did not answer is asked again. */
  #lost(walk: Walk): void {
    const uris = [...walk.flying.values()]
    walk.flying.clear()
    if (uris.length > 0 && walk.queue !== null) walk.queue.splice(walk.head, 0, ...uris)
  }

  #want(walk: Walk, uri: string): void {
    if (walk.seen.has(uri)) return
    walk.seen.add(uri)
    walk.queue?.push(uri)
    if (walk.kept.acl) walk.queue?.push(`${uri}?prop=ACL`)
  }

  /** What is still to be asked by what the mirror knows: the same at the start of a walk and after a restart of the lab. */
  #plan(device: string, walk: Walk): void {
    const { kept } = walk
    walk.queue = []
    walk.head = 0
    walk.seen.clear()
    walk.flying.clear()
    const mirror = this.#parts.mirror(device)
    const path = addressOf(kept.root)?.path ?? []
    const top = mirror.find(path)
    if (top === undefined || !latest(top).present) return this.#want(walk, kept.root)
    for (let level: MirrorNode[] = [top]; level.length > 0; level = level.flatMap((node) => [...node.children.values()])) {
      for (const node of level) this.#planOne(walk, node)
    }
  }

  #planOne(walk: Walk, node: MirrorNode): void {
    const { kept } = walk
    const now = latest(node)
    const uri = uriOf(node)
    if (!now.present) return
    const refused = node.history.some((entry) => entry.kind === 'refused' && entry.command === 'Get' && entry.at >= kept.startedAt)
    const read = now.source > 0 && (now.format !== 'node' || now.listed) && (kept.again ? now.at >= kept.startedAt : now.stale === '')
    if (!refused && !read) return this.#want(walk, uri)
    walk.seen.add(uri)
    const acl = now.properties.get('ACL')
    if (kept.acl && !refused && (acl === undefined || (kept.again && acl.at < kept.startedAt))) walk.queue?.push(`${uri}?prop=ACL`)
  }

  #finish(walk: Walk): boolean {
    if (walk.kept.state !== 'running' || walk.flying.size > 0 || walk.queue === null || walk.head < walk.queue.length) return false
    walk.kept.state = 'done'
    return true
  }

  #save(device: string, walk: Walk): Discovery {
    walk.unsaved = 0
    this.#parts.setSetting(nameOf(device), JSON.stringify(walk.kept))
    const told = this.#told(device, walk)
    this.#parts.moved(device, told)
    return told
  }

  #told(device: string, walk: Walk): Discovery {
    if (walk.queue === null && walk.kept.state === 'running') this.#plan(device, walk)
    const { root, perSecond, state, startedAt, asked, refused } = walk.kept
    const left = state === 'done' ? 0 : (walk.queue?.length ?? 0) - walk.head + walk.flying.size
    const waits = state === 'running' && !this.#parts.open(device)
    return { device, root, perSecond, state: waits ? 'waiting' : state, startedAt, asked, refused, left, current: walk.current }
  }
}

function fresh(kept: Kept): Walk {
  return { kept, queue: null, head: 0, seen: new Set(), flying: new Map(), current: '', nextAt: 0, leaveAt: 0, unsaved: 0 }
}

const nameOf = (device: string): string => `tree.walk:${device}`

function namesOf(list: string): string[] {
  return list
    .split('/')
    .filter((segment) => segment !== '')
    .map((segment) => {
      try {
        return decodeSegment(segment)
      } catch {
        return segment
      }
    })
}
