// Area wifi of a lab: invitations with QR codes, the connect page, proofs of paths, and mDNS.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressCandidate, AddressChoice, ConnectInvite, InviteWay, InviteWish, PathProof, WifiArea, WifiState } from '../api.ts'
import { Invites } from '../lab/invites.ts'
import type { Clock } from '../lab/ports.ts'
import { wordsOf } from '../syncml/text.ts'
import { invitePage } from './invitepage.ts'
import { labMdns } from './mdns.ts'
import type { MdnsOffer, MdnsParts } from './mdns.ts'
import { qrCode } from './qr.ts'

export interface WifiParts {
  readonly clock: Clock
  readonly random: (count: number) => Uint8Array
  readonly candidates: () => readonly AddressCandidate[]
  /** Tells a device this address from now on. */
  readonly choose: (device: string, candidate: string, scheme: 'http' | 'https') => Promise<AddressChoice>
  readonly interface: MdnsParts['interface']
  readonly offers: () => readonly MdnsOffer[]
  /** A row of the trace. */
  readonly event: (text: string) => void
  readonly tell: (state: WifiState) => void
}

export interface LabWifi {
  readonly area: WifiArea
  /** Paths proved by devices' browsers, newest first. */
  proofs(): readonly PathProof[]
  /** The connect page; true means that it answers. */
  handle(req: IncomingMessage, res: ServerResponse): boolean
  stop(): Promise<void>
}

const LIFE_MS = 600_000
/** Facts are told at most this often, ms. */
const TELL_EVERY = 50

export function labWifi(parts: WifiParts): LabWifi {
  const { clock, random, candidates, event, tell } = parts
  const invites = new Invites(() => clock.now())
  let telling = false
  const moved = (): void => {
    if (telling) return
    telling = true
    clock.after(TELL_EVERY, () => {
      telling = false
      tell(state())
    })
  }
  const mdns = labMdns({ now: () => clock.now(), interface: parts.interface, offers: parts.offers, moved })
  const state = (): WifiState => ({ invites: invites.list(), proofs: invites.proofs(), mdns: mdns.state() })

  const reported = (invite: ConnectInvite, choose: boolean): void => {
    const { report, device } = invite
    if (report === null) return
    const proven = report.probes.filter(({ result, seen }) => result === 'ours' && seen)
    const who = device === '' ? `a device at ${report.remote}` : `${device} at ${report.remote}`
    const best = proven.find(({ candidate }) => candidate === report.best)
    event(
      best === undefined
        ? `${who} opened the connect page, and none of ${String(report.probes.length)} ways worked from there`
        : `${who} reaches the lab by ${best.base} (${String(Math.round(best.ms))} ms); ${String(proven.length)} of ${String(report.probes.length)} ways work`,
    )
    if (!choose || device === '' || best === undefined) return
    parts.choose(device, best.candidate, best.base.startsWith('https:') ? 'https' : 'http').catch((error: unknown) => {
      event(`${device} is not told ${best.base}: ${wordsOf(error)}`)
    })
  }

  const invite = async ({ device = '', candidates: wanted, lifeMs = LIFE_MS, choose = false }: InviteWish): Promise<ConnectInvite> => {
    const all = candidates()
    const unknown = wanted?.find((id) => !all.some((each) => each.id === id))
    if (unknown !== undefined) throw new Error(`there is no address ${unknown}`)
    const ways = waysOf(all.filter(({ id, reachable }) => (wanted === undefined ? reachable : wanted.includes(id))))
    if (ways.length === 0) throw new Error('no address of this lab can be reached: it listens on this computer only (serve --host 0.0.0.0)')
    const token = Buffer.from(random(16)).toString('base64url')
    const codes = await Promise.all(
      opening(ways).map(async (way) => {
        const others = ways.filter((each) => each !== way).map(({ base }) => base.replace(/^http:\/\//, ''))
        const url = `${way.base}/connect?t=${token}${others.length === 0 ? '' : `#${others.join(',')}`}`
        return { candidate: way.candidate, url, ...(await qrCode(url)) }
      }),
    )
    const made = invites.add({ id: Buffer.from(random(4)).toString('hex'), token, device, choose, lifeMs, ways, codes })
    moved()
    return made
  }

  return {
    proofs: () => invites.proofs(),
    handle: invitePage({ invites, moved, reported }),
    area: {
      state: async () => state(),
      invite,
      withdraw: async (id) => {
        if (!invites.withdraw(id)) throw new Error(`there is no invitation ${id}`)
        moved()
        return state()
      },
      publish: async (wish) => mdns.publish(wish),
      browse: async (wish) => mdns.browse(wish),
    },
    stop: () => mdns.stop(),
  }
}

/** Every base of the candidates; what is on the air first, this computer itself last. */
function waysOf(candidates: readonly AddressCandidate[]): InviteWay[] {
  const rank = ({ kind }: AddressCandidate): number => ORDER.indexOf(kind) + (ORDER.includes(kind) ? 0 : ORDER.length)
  return [...candidates]
    .sort((a, b) => rank(a) - rank(b))
    .flatMap(({ id, kind, interface: name, http, https }) =>
      [http, https].filter((base) => base !== '').map((base): InviteWay => ({ candidate: id, kind, interface: name, base })),
    )
}

const ORDER: readonly AddressCandidate['kind'][] = ['hand', 'given', 'wifi', 'ethernet', 'other', 'mobile', 'vpn', 'virtual', 'loopback']

/** Ways whose page a device can open: one a candidate, plain HTTP before a certificate it does not know, and no loopback where anything else is. */
function opening(ways: readonly InviteWay[]): InviteWay[] {
  const first = ways.filter((way) => ways.find((each) => each.candidate === way.candidate) === way)
  const far = first.filter(({ kind }) => kind !== 'loopback')
  return far.length > 0 ? far : first
}
