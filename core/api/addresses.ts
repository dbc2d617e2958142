// Addresses the lab tells devices: candidates, which one a device is told and why, and what a test of one found. Types only.

/** What kind of way an address is. `given`: --advertise; `hand`: a NAT or proxy name somebody entered. */
export type AddressKind = 'loopback' | 'wifi' | 'ethernet' | 'vpn' | 'mobile' | 'virtual' | 'other' | 'given' | 'hand'

/** One address a device may be told. */
export interface AddressCandidate {
  /** Stable: `loopback`, `wlan0/192.168.1.5`, `given`, `hand/NAME`. */
  readonly id: string
  readonly kind: AddressKind
  /** Name of the interface; '' where it belongs to none. */
  readonly interface: string
  /** Host name or address as it stands in a URL, IPv6 without brackets. */
  readonly host: string
  /** Bases without a trailing slash, such as `http://192.168.1.5:8080`; '' where the lab does not answer that way. */
  readonly http: string
  readonly https: string
  /** False where the lab's ports are not bound to it: no device gets through. */
  readonly reachable: boolean
  /** In words: the guess from the name, how to reach it, why it is not reachable. */
  readonly text: string
}

/** What an address is wanted for. */
export type AddressUse = 'dm' | 'download' | 'gateway' | 'image'

/** Which address a device is told. */
export interface AddressChoice {
  /** '' for devices nothing is known of yet. */
  readonly device: string
  readonly candidate: string
  readonly scheme: 'http' | 'https'
  /** Base without a trailing slash. */
  readonly base: string
  /** `hand`: somebody chose it; `given`: --advertise; `path`: the way its last message came; `rule`: nothing is known of the device. */
  readonly by: 'hand' | 'given' | 'path' | 'rule'
  /** One sentence. */
  readonly why: string
  readonly urls: Readonly<Record<AddressUse, string>>
  /** The way its last message came: our end and its own, and when (ms since 1970, 0 never). */
  readonly local: string
  readonly remote: string
  readonly lastAt: number
}

/** The interface that multicast leaves from. */
export interface MulticastChoice {
  /** Name of the interface and its address. */
  readonly interface: string
  readonly address: string
  readonly by: 'hand' | 'rule'
  readonly why: string
}

export interface AddressesState {
  readonly candidates: readonly AddressCandidate[]
  /** What a device is told of which nothing is known. */
  readonly otherwise: AddressChoice
  /** Devices that came by, or that somebody chose for. */
  readonly devices: readonly AddressChoice[]
  /** null where no interface can. */
  readonly multicast: MulticastChoice | null
  /** Ports devices speak to, as `adb reverse` needs them; 0 where not open. */
  readonly ports: { readonly http: number; readonly https: number }
}

/** An address by hand: a NAT or proxy name in front of this lab. At least one of the bases. */
export interface AddressWish {
  readonly name: string
  readonly http?: string
  readonly https?: string
}

/** What became of a connection to one base of a candidate, made from this computer. */
export interface AddressTest {
  readonly candidate: string
  readonly url: string
  /** `ours`: this lab answered. `other`: something else did. `no`: nothing did, or not as it should; `text` says what happened. */
  readonly result: 'ours' | 'other' | 'no'
  readonly ms: number
  readonly text: string
}

export interface AddressesArea {
  list(): Promise<AddressesState>
  /** What a device is told; '' for one that nothing is known of. */
  choice(device: string): Promise<AddressChoice>
  /** Chooses by hand for a device ('' for all that nothing is known of); candidate '' goes back to the rule. Without `scheme`: as the device came, else http. */
  choose(device: string, candidate: string, scheme?: 'http' | 'https'): Promise<AddressChoice>
  add(wish: AddressWish): Promise<AddressesState>
  /** Only addresses entered by hand. */
  remove(candidate: string): Promise<AddressesState>
  /** Connects to each base of the candidate and says what happened. */
  test(candidate: string): Promise<readonly AddressTest[]>
  /** Interface for multicast; '' goes back to the rule. */
  multicast(name: string): Promise<AddressesState>
}
