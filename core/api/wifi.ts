// The way to the lab over Wi-Fi as the screen sees it: QR codes, what a device's own browser found, and mDNS. Types only.
import type { AddressKind } from './addresses.ts'

/** One way to the lab that a device is to try. */
export interface InviteWay {
  /** Id of the candidate (area addresses). */
  readonly candidate: string
  readonly kind: AddressKind
  readonly interface: string
  /** Base without a trailing slash: `http://192.168.1.5:8080`. */
  readonly base: string
}

/** A QR code of one way to the connect page; any device's camera reads it. */
export interface ConnectCode {
  readonly candidate: string
  /** What it says: the page at this way, the token, and the other ways behind `#`. */
  readonly url: string
  /** The code as SVG text, and as a PNG image. */
  readonly svg: string
  readonly png: Uint8Array
  /** Modules on one side, without the quiet zone. */
  readonly modules: number
}

/** What became of one way, as the device's browser found it. */
export interface ConnectProbe {
  readonly candidate: string
  readonly base: string
  /** `ours`: this lab answered. `other`: something else did. `no`: nothing, or the browser did not permit it. */
  readonly result: 'ours' | 'other' | 'no'
  readonly ms: number
  /** In words, as the device sees it. */
  readonly text: string
  /** The lab itself saw this probe come in: the proof that does not rest on the device's word. */
  readonly seen: boolean
}

/** What a device reported from the connect page. */
export interface ConnectReport {
  /** ms since 1970. */
  readonly at: number
  /** Address the report came from, without port. */
  readonly remote: string
  /** Address of this computer that it reached. */
  readonly local: string
  readonly userAgent: string
  readonly probes: readonly ConnectProbe[]
  /** The best way that worked and that the lab saw; '' where none. */
  readonly best: string
}

/** An invitation: one token for one device. */
export interface ConnectInvite {
  /** Short name for calls; the token itself is in the codes alone. */
  readonly id: string
  /** Device the result is for; '' where it is not known yet. */
  readonly device: string
  readonly createdAt: number
  /** After that the token opens nothing. */
  readonly until: number
  /** `open`: nobody came; `visited`: the page was opened; `done`: a report came, the token is spent; `expired`; `withdrawn`. */
  readonly state: 'open' | 'visited' | 'done' | 'expired' | 'withdrawn'
  readonly ways: readonly InviteWay[]
  /** One a way that a device can open; the likeliest first. */
  readonly codes: readonly ConnectCode[]
  readonly report: ConnectReport | null
}

/** That a path works: a device opened it, and the lab saw it. */
export interface PathProof {
  readonly candidate: string
  readonly base: string
  /** '' where the invitation named none. */
  readonly device: string
  readonly remote: string
  readonly at: number
  readonly ms: number
}

/** What an invitation is to be. */
export interface InviteWish {
  readonly device?: string
  /** Ids of candidates; absent: all that are reachable. */
  readonly candidates?: readonly string[]
  /** Default 600,000 (10 minutes). */
  readonly lifeMs?: number
  /** With `device`: tells the device the best way that worked from then on. Default false. */
  readonly choose?: boolean
}

/** A service somebody publishes by mDNS. */
export interface MdnsService {
  /** `Bench._oma-dm._tcp.local`. */
  readonly fqdn: string
  readonly name: string
  /** `_oma-dm._tcp`. */
  readonly type: string
  readonly host: string
  readonly port: number
  readonly addresses: readonly string[]
  readonly txt: Readonly<Record<string, string>>
  readonly firstAt: number
  readonly lastAt: number
  /** Published by this lab. */
  readonly own: boolean
  /** URL it stands for, where its TXT record names a path; '' otherwise. */
  readonly url: string
}

/** What to publish. Absent or '' interface: the one that multicast leaves from (area addresses). */
export interface MdnsWish {
  /** Name of the service; default `DM Lab on HOST`. */
  readonly name?: string
  /** Name of the network interface. */
  readonly interface?: string
}

export interface MdnsState {
  readonly publishing: boolean
  readonly browsing: boolean
  readonly name: string
  /** Interface and its address in use; '' while both are off. */
  readonly interface: string
  readonly address: string
  readonly services: readonly MdnsService[]
  /** Why it does not work, in words; '' where it does. */
  readonly trouble: string
}

export interface WifiState {
  readonly invites: readonly ConnectInvite[]
  /** Newest first, one a path and device. */
  readonly proofs: readonly PathProof[]
  readonly mdns: MdnsState
}

export interface WifiArea {
  state(): Promise<WifiState>
  /** Makes an invitation with its QR codes. Rejects in words where no way leads to this lab. */
  invite(wish: InviteWish): Promise<ConnectInvite>
  /** Takes an invitation back. */
  withdraw(id: string): Promise<WifiState>
  /** Publishes `_oma-dm._tcp` (and `_oma-dm-gw._tcp` where the lab is a gateway), or stops with null. Off until asked for. */
  publish(wish: MdnsWish | null): Promise<MdnsState>
  /** Looks for such services of others, or stops with null. Off until asked for. */
  browse(wish: MdnsWish | null): Promise<MdnsState>
}
