// Invitations to the connect page: one token for one device, what its browser found, and what the lab itself saw come in; a path is proven by both.
import type { ConnectCode, ConnectInvite, ConnectProbe, ConnectReport, InviteWay, PathProof } from '../api.ts'

/** What a browser says of one way; `n` counts into the invitation's ways. */
export interface Claim {
  readonly n: number
  readonly result: ConnectProbe['result']
  readonly ms: number
  readonly text: string
}

interface Invitation {
  readonly id: string
  readonly token: string
  readonly device: string
  readonly choose: boolean
  readonly createdAt: number
  readonly until: number
  readonly ways: readonly InviteWay[]
  readonly codes: readonly ConnectCode[]
  state: ConnectInvite['state']
  report: ConnectReport | null
  /** Ways whose probe came in under the way's own name. */
  readonly seen: Set<number>
}

/** Invitations kept; the oldest is forgotten for one more. */
const KEPT = 50
const PROOFS = 200

/** The invitations of one lab. */
export class Invites {
  readonly #now: () => number
  readonly #all: Invitation[] = []
  #proofs: PathProof[] = []

  constructor(now: () => number) {
    this.#now = now
  }

  add(made: {
    readonly id: string
    readonly token: string
    readonly device: string
    readonly choose: boolean
    readonly lifeMs: number
    readonly ways: readonly InviteWay[]
    readonly codes: readonly ConnectCode[]
  }): ConnectInvite {
    const { lifeMs, ...rest } = made
    const createdAt = this.#now()
    const invite: Invitation = { ...rest, createdAt, until: createdAt + lifeMs, state: 'open', report: null, seen: new Set() }
    this.#all.push(invite)
    if (this.#all.length > KEPT) this.#all.shift()
    return shown(invite)
  }

  list(): readonly ConnectInvite[] {
    for (const invite of this.#all) this.#expire(invite)
    return this.#all.map(shown)
  }

  proofs(): readonly PathProof[] {
    return this.#proofs
  }

  /** The invitation a token opens now; null where it opens nothing (unknown, spent, too late, withdrawn). */
  opened(token: string): { readonly invite: ConnectInvite; readonly choose: boolean } | null {
    const invite = this.#all.find((each) => each.token === token && token !== '')
    if (invite === undefined || !this.#live(invite)) return null
    return { invite: shown(invite), choose: invite.choose }
  }

  /** Somebody opened the page, by this name of ours (`host:port` of the Host field). */
  visited(token: string, host: string): void {
    const invite = this.#all.find((each) => each.token === token)
    if (invite === undefined || !this.#live(invite)) return
    invite.state = 'visited'
    this.#saw(invite, host)
  }

  /** A probe for way `n` came in under this name. True where it is that way's name. */
  probed(token: string, n: number, host: string): boolean {
    const invite = this.#all.find((each) => each.token === token)
    const way = invite?.ways[n]
    if (invite === undefined || way === undefined || !this.#live(invite)) return false
    if (hostOf(way.base) !== host.toLowerCase()) return false
    invite.seen.add(n)
    return true
  }

  /** Takes a browser's report; the token is spent. Null where the token opens nothing. */
  report(token: string, claims: readonly Claim[], from: Pick<ConnectReport, 'remote' | 'local' | 'userAgent'>): ConnectInvite | null {
    const invite = this.#all.find((each) => each.token === token)
    if (invite === undefined || !this.#live(invite)) return null
    const at = this.#now()
    const probes = invite.ways.map(({ candidate, base }, n): ConnectProbe => {
      const claim = claims.find((each) => each.n === n)
      const seen = invite.seen.has(n)
      if (claim === undefined) return { candidate, base, result: 'no', ms: 0, text: 'not tried', seen }
      return { candidate, base, result: claim.result, ms: claim.ms, text: claim.text, seen }
    })
    const proven = probes.filter(({ result, seen }) => result === 'ours' && seen).sort((a, b) => a.ms - b.ms)
    // A device comes by a way of the network rather than through a tunnel on a cable.
    const best = proven.find(({ candidate }) => candidate !== 'loopback') ?? proven[0]
    invite.report = { at, ...from, probes, best: best?.candidate ?? '' }
    invite.state = 'done'
    for (const { candidate, base, ms } of proven) {
      const proof: PathProof = { candidate, base, device: invite.device, remote: from.remote, at, ms }
      this.#proofs = [
        proof,
        ...this.#proofs.filter((each) => each.base !== base || each.device !== invite.device || each.remote !== from.remote),
      ].slice(0, PROOFS)
    }
    return shown(invite)
  }

  /** False where there is none. */
  withdraw(id: string): boolean {
    const invite = this.#all.find((each) => each.id === id)
    if (invite === undefined) return false
    if (this.#live(invite)) invite.state = 'withdrawn'
    return true
  }

  #saw(invite: Invitation, host: string): void {
    invite.ways.forEach(({ base }, n) => {
      if (hostOf(base) === host.toLowerCase()) invite.seen.add(n)
    })
  }

  #expire(invite: Invitation): void {
    if ((invite.state === 'open' || invite.state === 'visited') && this.#now() >= invite.until) invite.state = 'expired'
  }

  #live(invite: Invitation): boolean {
    this.#expire(invite)
    return invite.state === 'open' || invite.state === 'visited'
  }
}

/** `host:port` of a base, as a browser writes it into Host: the default port left out. */
function hostOf(base: string): string {
  const [, scheme = '', host = ''] = /^(https?):\/\/([^/]+)/i.exec(base) ?? []
  return host.toLowerCase().replace(scheme.toLowerCase() === 'https' ? /:443$/ : /:80$/, '')
}

function shown({ id, device, createdAt, until, state, ways, codes, report }: Invitation): ConnectInvite {
  return { id, device, createdAt, until, state, ways, codes, report }
}
