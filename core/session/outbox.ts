// What a session still has to say, packed into messages under the peer's MaxMsgSize; CmdIDs are given here, large objects are cut here.
import type { Request, Status } from '../syncml/message.ts'
import { holdsBulk, inlined } from './bulk.ts'
import { cut, longest, sizeOfObjects, suit } from './chunks.ts'
import type { Rest } from './chunks.ts'
import { Draft } from './draft.ts'
import type { Entry, Packed, Packing } from './entry.ts'

/** Below this many octets of room for Data a chunk waits for the next message. */
const SMALLEST_CHUNK = 24

/** Octets of a handle that are held at a time where the peer names no MaxMsgSize; the same as a draft gives a chunk then. */
const PIECE = 1 << 20

/** Longer than one message of this peer: it is cut rather than measured. A handle always is. */
const isLong = (entry: Entry, { maxMsgSize }: Packing): boolean => {
  const length = longest(entry)
  return length === Infinity || length > (maxMsgSize ?? Infinity)
}

/** The queue of one session. Answers keep their order; `front` is for what concerns the message that came last. */
export class Outbox {
  #front: Entry[] = []
  /** What of the front found no room in the last message. */
  #carry: Entry[] = []
  #queue: Entry[] = []
  #transit: Rest | null = null
  /** A handle came into the queue since it was looked through. */
  #bulky = false

  /** Status for the message that just came: goes before everything else. */
  front(status: Status): void {
    this.#front.push({ kind: 'status', status })
  }

  /** An answer: before our own commands, after the answers that wait already. While an object is in transit its Status goes first. */
  answer(...entries: readonly Entry[]): void {
    for (const entry of entries) {
      if (this.#transit !== null && entry.kind === 'status') this.#front.push(entry)
      else {
        const at = this.#queue.findIndex((waiting) => waiting.kind === 'command')
        this.#queue.splice(at < 0 ? this.#queue.length : at, 0, entry)
      }
    }
  }

  push(...entries: readonly Entry[]): void {
    for (const entry of entries) {
      this.#queue.push(entry)
      this.#bulky ||= holdsBulk(entry)
    }
  }

  get empty(): boolean {
    return this.#front.length === 0 && this.#carry.length === 0 && this.#queue.length === 0 && this.#transit === null
  }

  /** True where answers wait: Status, Results, an Alert of the session. */
  get answers(): boolean {
    return this.#carry.length > 0 || this.#queue.some((entry) => entry.kind !== 'command') || this.#transit?.entry.kind === 'results'
  }

  /** True where commands of ours wait, or one is in transit. */
  get commands(): boolean {
    return this.#queue.some((entry) => entry.kind === 'command') || this.#transit?.entry.kind === 'command'
  }

  get transit(): Entry | null {
    return this.#transit?.entry ?? null
  }

  /** Gives up the object in transit (the peer refused it). */
  dropTransit(): void {
    this.#transit = null
  }

  /** Takes everything back that was queued, save for what concerns the message that came last; used when a package begins anew. */
  clear(): Entry[] {
    const all = [...(this.#transit === null ? [] : [this.#transit.entry]), ...this.#queue]
    this.#queue = []
    this.#transit = null
    return all
  }

  /** Packs the next message: as many entries as fit, in order. Throws an Error in words where not even one Status fits. */
  pack(packing: Packing): Packed {
    if (this.#bulky) this.#queue = this.#queue.map((entry) => inlined(entry, Math.min(packing.maxMsgSize ?? PIECE, PIECE)))
    this.#bulky = false
    const easy = this.#carry.length === 0
    const usual = !easy ? null : this.#transit === null ? this.#everything(packing) : this.#goingOn(packing, this.#transit)
    if (usual !== null) return usual
    const draft = new Draft(packing)
    const [first, ...rest] = this.#front
    const needed = [...(first === undefined ? [] : [first]), ...this.#carry, ...rest]
    const left = needed.findIndex((entry, i) => (i === 0 ? draft.force(entry) : draft.forceFitting(entry)) === false)
    this.#front = []
    this.#carry = left < 0 ? [] : needed.slice(left)
    // Status elements alone fill the message: what else waits goes with the next one.
    if (left >= 0) {
      if (packing.ask) draft.next()
      return { ...draft.finish(false), open: this.#transit !== null, dropped: [] }
    }
    const dropped: { entry: Entry; reason: string }[] = []
    this.#fill(draft, packing, dropped)
    const answersLeft = this.#queue.some((entry) => entry.kind !== 'command')
    // A Final without any command would end the session (PRO packages) while commands still wait: such a message stays open.
    const waiting = packing.commands && this.#queue.length > 0 && !draft.says
    const final = packing.final && this.#transit === null && !answersLeft && !waiting
    if (packing.ask && !final && !draft.says && this.#transit === null && !answersLeft) draft.next()
    return { ...draft.finish(final), open: this.#transit !== null, dropped }
  }

  #fill(draft: Draft, packing: Packing, dropped: { entry: Entry; reason: string }[]): void {
    if (this.#transit !== null && !this.#chunk(draft, packing, this.#transit)) return
    if (this.#transit !== null) return
    for (let entry = this.#queue[0]; entry !== undefined; entry = this.#queue[0]) {
      if (entry.kind === 'command' && !packing.commands) return
      const suited = suit(entry, packing.wire.encoding)
      const large = sizeOfObjects(suited, packing.wire.encoding)
      if (entry.kind === 'command' && packing.maxObjSize !== undefined && large > packing.maxObjSize) {
        dropped.push({ entry, reason: `its object of ${String(large)} octets is larger than the peer's MaxObjSize of ${String(packing.maxObjSize)}` })
        this.#queue.shift()
        continue
      }
      const alone = entry.kind === 'status' && !draft.says && !draft.answers
      const fits = this.#fits(draft, packing, suited) || (alone && draft.tryAdd(suited, true))
      if (fits === true) {
        this.#queue.shift()
        continue
      }
      const parts = split(suited)
      if (parts !== null) {
        this.#queue.splice(0, 1, ...parts)
        continue
      }
      if (typeof fits !== 'string' && packing.largeObjects) {
        const rest = cut(suited, packing.wire.encoding)
        if (rest !== null) {
          const begun = this.#chunk(draft, packing, rest)
          if (begun) this.#queue.shift()
          if (begun || draft.says || draft.answers) return
        }
      }
      if (typeof fits !== 'string' && (draft.says || draft.answers)) return
      this.#queue.shift()
      const room = packing.maxMsgSize === undefined ? 'one message' : `the peer's MaxMsgSize of ${String(packing.maxMsgSize)}`
      const reason = typeof fits === 'string' ? fits : `it does not fit into ${room}`
      if (entry.kind === 'status' && !draft.shrink(entry))
        throw new Error(
          `not even a Status fits into the peer's MaxMsgSize of ${String(packing.maxMsgSize)}; a session takes ${String(draft.least())} here`,
        )
      dropped.push({ entry, reason })
    }
  }

  /** Adds the entry where it fits, as `tryAdd`; what is far too long is not written only to be measured. */
  #fits(draft: Draft, packing: Packing, entry: Entry): boolean | string {
    const rest = isLong(entry, packing) ? cut(entry, packing.wire.encoding) : null
    if (rest === null && holdsBulk(entry)) return 'a file travels only as the one Item of a command of its own'
    return rest === null ? draft.tryAdd(entry) : (draft.why(rest.next(0).entry) ?? false)
  }

  /** The usual case: all that waits goes into one message, of a large object at its end a first chunk. Null where it does not fit or may not. */
  #everything(packing: Packing): Packed | null {
    const last = this.#queue.length - 1
    const large = this.#queue.findIndex((entry) => isLong(entry, packing))
    if (last >= 64 || (large >= 0 && (large < last || !packing.largeObjects))) return null
    const suited = this.#queue.map((entry) => suit(entry, packing.wire.encoding))
    const limit = packing.maxObjSize ?? Infinity
    if (suited.some((entry) => entry.kind === 'command' && (!packing.commands || sizeOfObjects(entry, packing.wire.encoding) > limit))) return null
    const object = large < 0 ? null : cut(suited[large] as Entry, packing.wire.encoding)
    if (large >= 0 && object === null) return null
    const draft = this.#draft(packing, object === null ? suited : suited.slice(0, -1))
    const packed = object === null ? this.#whole(draft, packing) : this.#filledUp(draft, object)
    if (packed !== null) this.#queue = []
    return packed
  }

  /** The usual case of an object in transit: the Status of the last message and a chunk that fills the next one. Null where it ends, or is not so easy. */
  #goingOn(packing: Packing, rest: Rest): Packed | null {
    return rest.left < (packing.maxMsgSize ?? Infinity) ? null : this.#filledUp(this.#draft(packing, []), rest)
  }

  #draft(packing: Packing, entries: readonly Entry[]): Draft {
    const draft = new Draft(packing)
    for (const entry of this.#front) draft.force(entry)
    for (const entry of entries) draft.take(entry)
    return draft
  }

  #whole(draft: Draft, packing: Packing): Packed | null {
    if (packing.ask && !packing.final && !draft.says) draft.next()
    try {
      const packed = draft.finish(packing.final)
      this.#front = []
      return { ...packed, open: false, dropped: [] }
    } catch {
      return null
    }
  }

  /** The draft with as much of the object as it has room for. */
  #filledUp(draft: Draft, rest: Rest): Packed | null {
    try {
      const room = draft.room(rest.next(0).entry)
      if (room < SMALLEST_CHUNK) return null
      const piece = rest.next(room)
      draft.take(piece.entry)
      draft.markLast('chunk')
      const packed = draft.finish(false)
      this.#front = []
      this.#transit = piece.rest
      return { ...packed, open: true, dropped: [] }
    } catch {
      return null
    }
  }

  /** Adds the next chunk; true where at least something of the object left. Sets or clears the object in transit. */
  #chunk(draft: Draft, packing: Packing, rest: Rest): boolean {
    const limit = packing.maxMsgSize ?? (rest.bulk ? PIECE : Infinity)
    if (rest.begun && rest.left < limit && draft.tryAdd(rest.next(Infinity).entry) === true) {
      draft.markLast('last')
      this.#transit = null
      return true
    }
    let room = draft.room(rest.next(0).entry)
    while (room > 0 && (room >= SMALLEST_CHUNK || !(draft.says || draft.answers))) {
      const piece = rest.next(room)
      if (piece.taken === 0) break
      if (draft.tryAdd(piece.entry) === true) {
        draft.markLast('chunk')
        this.#transit = piece.rest
        return true
      }
      room -= Math.max(1, Math.ceil(room / 16))
    }
    // Status of more than SyncHdr and one chunk is something new: the object waits for the next message.
    if (rest.begun && packing.settled && !draft.says && !draft.answers && draft.forced <= 2)
      throw new Error(`no chunk fits into the peer's MaxMsgSize of ${String(packing.maxMsgSize)}`)
    return false
  }
}

/** Several Items that do not fit together may go in several commands (Results of one Get, or Items of one command). */
function split(entry: Entry): Entry[] | null {
  if (entry.kind === 'results' && entry.results.items.length > 1) {
    return entry.results.items.map((item) => ({ kind: 'results', results: { ...entry.results, items: [item] } }))
  }
  if (entry.kind !== 'command') return null
  const { command, tag } = entry
  if (!('items' in command) || command.kind === 'Alert' || command.items.length < 2) return null
  return command.items.map((item) => ({ kind: 'command', command: { ...command, items: [item] } as Request, tag }))
}
