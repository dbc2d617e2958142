// Labs attached to this one: kept with the workspace, joined again by themselves, detached when asked. Area `peers` of LabApi, and a holder of their cards.
import type { LabApi, PeerRow, PeerWish, PeersArea, Seq } from '../api.ts'
import { openSecret, storedSecret } from '../store/vault.ts'
import type { Vault } from '../store/vault.ts'
import type { Docs } from '../store/docs.ts'
import { hexOf } from '../syncml/text.ts'
import type { Holder } from './holders.ts'
import { Peer } from './peer.ts'
import type { Dial, PeerParts, Progress } from './peer.ts'
import type { Clock } from './ports.ts'
import type { Recorder } from './recorder.ts'

export interface PeersParts {
  readonly docs: Docs
  readonly commit: () => void
  readonly vault: Vault
  readonly clock: Clock
  readonly random: (count: number) => Uint8Array
  readonly recorder: () => Recorder
  readonly recording: boolean
  readonly lab: () => LabApi
  /** Reaches the lab at a URL with its token. */
  readonly dial: (url: string, token: string) => ReturnType<Dial>
  readonly tell: (peers: readonly PeerRow[]) => void
  readonly changed: () => void
  readonly heldMoved: () => void
}

interface KeptPeer {
  readonly url: string
  readonly token: string
  readonly name?: string
  readonly history: number
  readonly attachedAt: number
}

const DOC = 'peer'
const PROGRESS = 'peer.progress'
/** Facts are told at most this often, ms. */
const TELL_EVERY = 50
const HISTORY = 500
/** Labs attached at the most. */
const MOST_PEERS = 16

export class Peers implements Holder {
  readonly #parts: PeersParts
  readonly #peers = new Map<string, Peer>()
  #telling: (() => void) | null = null
  #next = 1

  constructor(parts: PeersParts) {
    this.#parts = parts
  }

  readonly area: PeersArea = {
    clock: async () => ({ now: this.#parts.clock.now() }),
    list: async () => this.rows(),
    attach: (wish) => this.#attach(wish),
    detach: async (id) => this.#detach(id),
    hold: async (id, on) => {
      const peer = this.#get(id)
      if (!(await peer.hold({ mode: on ? 'all' : 'off' }))) throw new Error(`lab ${peer.row.name} is not reached now`)
      return peer.row
    },
  }

  get none(): boolean {
    return this.#peers.size === 0
  }

  rows(): PeerRow[] {
    return [...this.#peers.values()].map(({ row }) => row)
  }

  /** The attached lab that plays this gateway; null where none does, or it is not reached now. */
  playing(gateway: string): { readonly api: LabApi; readonly seqOf: (theirs: Seq) => Seq | undefined } | null {
    for (const peer of this.#peers.values()) {
      if (peer.row.gateway === gateway && peer.api !== null) return { api: peer.api, seqOf: (theirs) => peer.seqOf(theirs) }
    }
    return null
  }

  /** Joins those an earlier process kept. */
  start(): void {
    for (const { id, value } of this.#parts.docs.all(DOC)) {
      const kept = value as KeptPeer
      const token = openSecret(kept.token, `peer ${id}`, this.#parts.vault)
      const peer = this.#peer(id, kept, token ?? '')
      this.#peers.set(id, peer)
      peer.keepTrying()
    }
  }

  stop(): void {
    this.#telling?.()
    for (const peer of this.#peers.values()) peer.stop()
  }

  async #attach(wish: PeerWish): Promise<PeerRow> {
    const { url, token } = addressOf(wish)
    if ([...this.#peers.values()].some(({ row }) => row.url === url)) throw new Error(`the lab at ${url} is attached already`)
    if (this.#peers.size >= MOST_PEERS) throw new Error(`${MOST_PEERS} labs are attached: detach one first`)
    const { random, clock, docs, vault, commit } = this.#parts
    const id = hexOf(random(4))
    const named = wish.name === undefined ? {} : { name: wish.name }
    const kept: KeptPeer = {
      url,
      token: storedSecret(token, `peer ${id}`, vault),
      ...named,
      history: wish.history ?? HISTORY,
      attachedAt: clock.now(),
    }
    const peer = this.#peer(id, kept, token)
    // One who cannot be joined now is not kept: the words are for whoever asked.
    await peer.join().catch((error: unknown) => {
      peer.stop()
      throw error
    })
    if ([...this.#peers.values()].some(({ row }) => row.name === peer.row.name)) {
      peer.stop()
      throw new Error(`another attached lab is called ${peer.row.name}: give this one a name`)
    }
    this.#peers.set(id, peer)
    docs.put(DOC, id, { ...kept, name: peer.row.name })
    commit()
    this.#moved()
    return peer.row
  }

  #detach(id: string): void {
    const peer = this.#get(id)
    peer.stop()
    this.#peers.delete(id)
    this.#parts.docs.drop(DOC, id)
    this.#parts.commit()
    this.#parts.heldMoved()
    this.#moved()
  }

  #peer(id: string, { url, name, history, attachedAt }: KeptPeer, token: string): Peer {
    const { clock, docs, recording, changed, heldMoved, dial } = this.#parts
    // By where it is: whoever comes back to a lab goes on where it left it.
    const progress = (docs.get(PROGRESS, url) ?? null) as Progress | null
    const parts: PeerParts = {
      id,
      url,
      name,
      history,
      attachedAt,
      dial: () => dial(url, token),
      clock,
      recorder: this.#parts.recorder(),
      recording,
      own: async ({ workspace, startedAt }) => {
        const ours = await this.#parts.lab().lab.state()
        return ours.workspace === workspace && ours.startedAt === startedAt
      },
      progress,
      keep: (reached) => docs.put(PROGRESS, url, reached),
      number: () => this.#next++,
      moved: () => this.#moved(),
      changed,
      heldMoved,
    }
    return new Peer(parts)
  }

  #get(id: string): Peer {
    const peer = this.#peers.get(id)
    if (peer === undefined) throw new Error(`there is no attached lab ${id}`)
    return peer
  }

  #moved(): void {
    this.#telling ??= this.#parts.clock.after(TELL_EVERY, () => {
      this.#telling = null
      this.#parts.tell(this.rows())
    })
  }

  // Holder.

  held(): ReturnType<Holder['held']> {
    return [...this.#peers.values()].flatMap((peer) => peer.held())
  }
  owns(id: number): boolean {
    return [...this.#peers.values()].some((peer) => peer.owns(id))
  }
  async decide(id: number, verdict: Parameters<Holder['decide']>[1]): Promise<void> {
    const peer = [...this.#peers.values()].find((each) => each.owns(id))
    if (peer === undefined) throw new Error(`nothing is held under number ${id}`)
    await peer.decide(id, verdict)
  }
  /** Breakpoints of this lab are this lab's; only a session of an attached lab is held where it runs. */
  async mode(mode: Parameters<Holder['mode']>[0]): Promise<void> {
    if (mode.mode === 'session') for (const peer of this.#peers.values()) await peer.hold(mode)
  }
}

/** Base URL and token of a wish; throws in words. */
function addressOf({ url, token }: PeerWish): { readonly url: string; readonly token: string } {
  const [, scheme, host, query] = /^(https?):\/\/([^/?#\s@]+)\/?[^?#\s]*(?:\?([^#\s]*))?/i.exec(url) ?? []
  if (scheme === undefined || host === undefined) throw new Error(`${url} is no URL of a lab (http://host:port/)`)
  const secret = token ?? /(?:^|&)token=([^&]+)/.exec(query ?? '')?.[1] ?? ''
  if (secret === '') throw new Error('the token of that lab is missing: it stands in its URL as ?token=, and in the file `token` of its workspace')
  return { url: `${scheme.toLowerCase()}://${host}/`, token: secret }
}
