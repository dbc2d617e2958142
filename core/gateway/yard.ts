// What the parts of a gateway share: its facts, its tree, and the list of what it wants done, in order.
import type { Alert } from '../syncml/message.ts'
import type { GatewayPart } from './part.ts'
import type { Dialect, GatewayFacts, ImageStore, SaveKind, Wish } from './ports.ts'

export interface YardOptions {
  readonly facts: GatewayFacts
  readonly now: () => number
  readonly store: ImageStore
  readonly dialect: Dialect
  /** True where devices of another protocol can be woken; absent: none can. */
  readonly wakes?: (protocol: string) => boolean
  /** Servers that manage the gateway. Results and images go to whoever made them, attach and detach to all. */
  readonly servers: readonly string[]
}

/** Shared by inventory, fan-outs and images of one gateway. */
export class Yard {
  readonly options: YardOptions
  part!: GatewayPart
  /** While what was kept is put back nothing is wanted anew. */
  restoring = false
  /** Servers that refused version 1.1 of the attach alert: they get 1.0 (gwmo sheet 2.5). */
  readonly older = new Set<string>()
  /** Called whenever something that is due by the clock may have moved. */
  rearm: () => void = () => {}
  #wishes: Wish[] = []

  constructor(options: YardOptions) {
    this.options = options
  }

  now(): number {
    return this.options.now()
  }

  /** What is wanted since the last call, in order. */
  take(): Wish[] {
    const wishes = this.#wishes
    this.#wishes = []
    return wishes
  }

  wish(wish: Wish): void {
    if (!this.restoring) this.#wishes.push(wish)
  }
  keep(kind: SaveKind, id: string, value: unknown): void {
    this.wish({ type: 'save', kind, id, value })
  }
  /** `facts`: what the event's row in core/mo/events.ts names. */
  tell(event: string, text: string, device: string, facts: Extract<Wish, { type: 'tell' }>['facts'] = {}): void {
    this.wish({ type: 'tell', event, text, device, facts })
  }
  report(servers: readonly string[], alert: Alert): void {
    for (const server of servers) this.wish({ type: 'report', server, alert })
  }
  /** True where the server wants such alerts. */
  wants(alert: 'Attach' | 'Detach' | 'ImageReady'): boolean {
    return this.part.asked.config(`Alerts/${alert}`) !== 'false'
  }
}
