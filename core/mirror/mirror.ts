// A device's tree as the server can know it: a pure fold over facts. Every node keeps its versions, so that the tree after any row is there at no cost.
import type { Seq, TreeHistory } from '../api.ts'
import { decodeSegment } from '../dmtree/uri.ts'
import type { Content, Fact, Planted, Source, TreeEvent } from './event.ts'
import type { MirrorNode, Version } from './node.ts'
import { latest, newMirrorNode, NOTHING, uriOf } from './node.ts'

/** One row that changed what is known. `uris` are its first `TICK_URIS`. */
export interface Tick {
  readonly seq: Seq
  readonly at: number
  readonly session: number
  readonly msgId: string
  readonly uris: string[]
  total: number
}

/** URIs a tick keeps. */
const TICK_URIS = 50

/** Folds facts into the picture of one device's tree. Facts come in the order of their rows. */
export class Mirror {
  readonly root: MirrorNode = newMirrorNode('', null)
  readonly ticks: Tick[] = []
  /** URIs changed since `takeMoved` was called last; null where a reader has not asked yet. */
  #moved = new Set<MirrorNode>()

  /** Row of the newest change; 0 where nothing is known. */
  get seq(): Seq {
    return this.ticks.at(-1)?.seq ?? 0
  }

  /** The node at a path, known now or once; undefined where it never was. */
  find(path: readonly string[]): MirrorNode | undefined {
    let at: MirrorNode | undefined = this.root
    for (const name of path) at = at?.children.get(name)
    return at
  }

  /** Nodes changed since the last call. */
  takeMoved(): MirrorNode[] {
    const moved = [...this.#moved]
    this.#moved = new Set()
    return moved
  }

  apply(event: TreeEvent): void {
    switch (event.op) {
      case 'read':
        return this.#read(event, event.content)
      case 'told':
        this.#value(this.#reach(event.path, event), event, event.content, { told: true, source: event.commandSeq })
        return this.#note(event.path, event, 'told', 'value', event.content.value)
      case 'present': {
        const at = this.#reach(event.path, event)
        const { format, type } = event
        return this.#put(at, event, { present: true, ...(format === '' ? {} : { format }), ...(type === '' ? {} : { type }) })
      }
      case 'written':
        return this.#written(event, event)
      case 'property':
        this.#property(this.#reach(event.path, event), event, event.name, event.value)
        return this.#note(event.path, event, event.written ? 'written' : 'read', event.name, event.value)
      case 'document':
        return this.#document(event, event)
      case 'renamed':
        return this.#renamed(event, event.path, event.name)
      case 'copied':
        return this.#copied(event, event)
      case 'deleted':
      case 'missing':
        return this.#gone(event, event.path, event.op === 'deleted' ? 'deleted' : 'refused')
      case 'moved':
        return this.#stale(event, event.path, event.why, event.kind)
      case 'refused':
        return this.#note(event.path, event, 'refused', event.property === '' ? 'value' : event.property, null)
      default:
        event satisfies never
    }
  }

  #read(event: TreeEvent, { format, type, value }: Content): void {
    const at = this.#reach(event.path, event)
    const interior = format === 'node' || (format === '' && latest(at).format === 'node')
    if (!interior) this.#value(at, event, { format, type, value }, {})
    else this.#list(at, event, value)
    this.#note(event.path, event, 'read', 'value', value)
  }

  #list(at: MirrorNode, event: Source, value: string): void {
    const names = new Set(
      value === ''
        ? []
        : value
            .split('/')
            .filter((segment) => segment !== '')
            .map(nameOf),
    )
    this.#put(at, event, { present: true, format: 'node', value: null, listed: true, ...fetched(event) })
    for (const child of at.children.values())
      if (!names.has(child.name) && latest(child).present) this.#vanish(child, event, 'refused', 'no longer listed')
    for (const name of names) this.#put(this.#child(at, name), event, { present: true })
  }

  #value(at: MirrorNode, event: Source, { format, type, value }: Content, more: Partial<Version>): void {
    const before = latest(at)
    const stands = before.format !== '' && before.format !== 'node' ? before.format : 'chr'
    if (before.format === 'node') this.#childrenGone(at, event)
    const change = {
      present: true,
      format: format === '' ? stands : format,
      type: type === '' ? before.type || 'text/plain' : type,
      value,
      listed: false,
    }
    this.#put(at, event, { ...change, ...fetched(event), told: false, ...more })
  }

  #written(fact: Extract<Fact, { op: 'written' }>, event: TreeEvent): void {
    const at = this.#reach(fact.path, event)
    const before = latest(at)
    const { add, format, type, value } = fact
    if (add) this.#fresh(at, event)
    if (value === null || format === 'node') {
      this.#put(at, event, { present: true, format: 'node', value: null, listed: add || before.listed, ...fetched(event) })
      if (add) this.#property(at, event, 'Type', type)
    } else {
      // Read by one server and written by another: what the first one knew may be more than the wire shows (conversion, truncation).
      const foreign = !add && before.source > 0 && before.by !== 'device' && before.by !== event.by ? `written by ${event.by}` : ''
      this.#value(at, event, { format, type, value }, { stale: foreign })
    }
    this.#note(fact.path, event, 'written', 'value', value)
  }

  #property(at: MirrorNode, event: Source, name: string, value: string): void {
    const before = latest(at)
    const known = before.properties.get(name)
    const properties = new Map(before.properties).set(name, { value, seq: event.seq, at: event.at })
    // VerNo and TStamp move with every change of the value (TND 7.7): a new one says that ours is old.
    const moved =
      (name === 'VerNo' || name === 'TStamp') && known !== undefined && known.value !== value && before.source > 0 && before.source < event.seq
    const own = name === 'Format' && value !== '' ? { format: value } : name === 'Type' ? { type: value } : {}
    this.#put(at, event, { present: true, properties, ...own, ...(moved ? { stale: `${name} moved` } : {}) }, known?.value !== value)
  }

  #document(fact: Extract<Fact, { op: 'document' }>, event: TreeEvent): void {
    const top = this.#reach(fact.path, event)
    const kept = new Set<MirrorNode>([top])
    const verb = fact.how === 'read' ? 'read' : 'written'
    for (const planted of fact.nodes) {
      const at = this.#reach(planted.path, event)
      for (let up: MirrorNode | null = at; up !== null && !kept.has(up); up = up.parent) kept.add(up)
      this.#plant(at, planted, fact.how, event)
      this.#note(planted.path, event, verb, 'value', planted.value)
    }
    if (fact.how === 'add') return
    const interiors = fact.nodes.filter((planted) => planted.format === 'node')
    for (const { path } of interiors)
      for (const child of this.find(path)?.children.values() ?? []) {
        const now = latest(child)
        if (!kept.has(child) && now.present && (fact.how === 'replace' || now.source > 0))
          this.#vanish(child, event, 'deleted', 'not in the document')
      }
  }

  #plant(at: MirrorNode, { format, type, value, properties }: Planted, how: 'read' | 'add' | 'replace', event: Source): void {
    if (how === 'add') this.#fresh(at, event)
    if (format === 'node') this.#put(at, event, { present: true, format, type, value: null, listed: true, ...fetched(event) })
    else if (value === null) this.#put(at, event, { present: true, ...(format === '' ? {} : { format }), ...(type === '' ? {} : { type }) })
    else this.#value(at, event, { format, type, value }, {})
    for (const [name, text] of properties) this.#property(at, event, name, text)
  }

  #renamed(event: TreeEvent, path: readonly string[], name: string): void {
    const from = this.find(path)
    const parent = from?.parent
    if (from === undefined || parent === null || parent === undefined) return
    const copy = (source: MirrorNode, to: MirrorNode): void => {
      const now = latest(source)
      this.#fresh(to, event)
      this.#put(to, event, { ...now, seq: event.seq })
      to.history.push(...source.history)
      for (const child of source.children.values()) if (latest(child).present) copy(child, this.#child(to, child.name))
    }
    copy(from, this.#child(parent, name))
    this.#vanish(from, event, 'deleted', `renamed to ${name}`)
    this.#note([...path.slice(0, -1), name], event, 'written', 'Name', name)
  }

  #copied(fact: Extract<Fact, { op: 'copied' }>, event: TreeEvent): void {
    const source = this.find(fact.from)
    const now = source === undefined ? NOTHING : latest(source)
    const at = this.#reach(fact.path, event)
    if (now.value === null) this.#put(at, event, { present: true, format: now.format, type: now.type, value: null, source: 0, at: 0 })
    else this.#value(at, event, { format: now.format, type: now.type, value: now.value }, { stale: now.stale })
    this.#note(fact.path, event, 'written', 'value', now.value)
  }

  #gone(event: TreeEvent, path: readonly string[], kind: 'deleted' | 'refused'): void {
    const at = this.find(path)
    if (at === undefined || at.parent === null) return
    if (latest(at).present) this.#vanish(at, event, kind, '')
    else this.#note(path, event, kind, 'value', null)
  }

  #vanish(at: MirrorNode, event: Source, kind: TreeHistory['kind'], why: string): void {
    for (const child of at.children.values()) if (latest(child).present) this.#vanish(child, event, kind, why)
    this.#put(at, event, { present: false, stale: '' })
    at.history.push(entryOf(event, kind, 'value', why === '' ? null : why))
  }

  #childrenGone(at: MirrorNode, event: Source): void {
    for (const child of at.children.values()) if (latest(child).present) this.#vanish(child, event, 'deleted', '')
  }

  /** A node that was gone and is made anew knows nothing of its past. */
  #fresh(at: MirrorNode, event: Source): void {
    if (latest(at).present) return
    this.#put(at, event, { ...NOTHING, seq: event.seq, present: true })
  }

  #stale(event: TreeEvent, path: readonly string[], why: string, kind: TreeHistory['kind']): void {
    const top = this.#reach(path, event)
    const visit = (at: MirrorNode): void => {
      const now = latest(at)
      if (!now.present) return
      if (now.source > 0 && now.stale === '') this.#put(at, event, { stale: why })
      for (const child of at.children.values()) visit(child)
    }
    visit(top)
    this.#note(path, event, kind, 'value', null)
  }

  /** The node at a path; what is missing on the way is there implicitly, as interior nodes (REP, Add). */
  #reach(path: readonly string[], event: Source): MirrorNode {
    let at = this.root
    for (const name of path) {
      const now = latest(at)
      if (!now.present || now.format !== 'node')
        this.#put(at, event, { present: true, format: 'node', value: null, ...(now.present ? {} : { listed: false }) })
      at = this.#child(at, name)
    }
    return at
  }

  #child(at: MirrorNode, name: string): MirrorNode {
    let child = at.children.get(name)
    if (child === undefined) at.children.set(name, (child = newMirrorNode(name, at)))
    return child
  }

  #note(path: readonly string[], event: Source, kind: TreeHistory['kind'], property: string, value: string | null): void {
    this.find(path)?.history.push(entryOf(event, kind, property, value))
  }

  #put(at: MirrorNode, event: Source, change: Partial<Version>, touched = false): void {
    const before = latest(at)
    const differs = touched || KEYS.some((key) => key in change && change[key] !== before[key])
    const version: Version = { ...before, ...change, seq: event.seq, changed: differs ? event.seq : before.changed }
    if (before.seq === event.seq && at.versions.length > 0) at.versions[at.versions.length - 1] = version
    else at.versions.push(version)
    if (!differs) return
    this.#moved.add(at)
    if (before.changed !== event.seq || before === NOTHING) this.#tick(at, event)
  }

  #tick(at: MirrorNode, event: Source): void {
    let tick = this.ticks.at(-1)
    if (tick?.seq !== event.seq) {
      tick = { seq: event.seq, at: event.at, session: event.session, msgId: event.msgId, uris: [], total: 0 }
      this.ticks.push(tick)
    }
    tick.total += 1
    if (tick.uris.length < TICK_URIS) tick.uris.push(uriOf(at))
  }
}

/** What makes a version differ from the one before; the rest is age. */
const KEYS = ['present', 'format', 'type', 'value', 'listed', 'stale'] as const

/** The picture after all these facts. */
export function mirror(events: Iterable<TreeEvent>): Mirror {
  const picture = new Mirror()
  for (const event of events) picture.apply(event)
  return picture
}

function fetched(event: Source): Pick<Version, 'source' | 'at' | 'by' | 'stale'> {
  return { source: event.seq, at: event.at, by: event.by, stale: '' }
}

function entryOf(
  { seq, at, commandSeq, command, cmdId, by, code }: Source,
  kind: TreeHistory['kind'],
  property: string,
  value: string | null,
): TreeHistory {
  return { kind, seq, at, commandSeq, command, cmdId, by, code, property, value }
}

// A name in a child list is a URI segment; where its '%' begins no escape it stands for itself.
function nameOf(segment: string): string {
  try {
    return decodeSegment(segment)
  } catch {
    return segment
  }
}
