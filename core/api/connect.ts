// The connect grid: ways a device can reach this lab, sorted by what can be done now, each with its proof or its problems. Types only.

import type { PathProof } from './wifi.ts'

export type ConnectWay = 'simulated' | 'adb' | 'wifi' | 'modem' | 'file'

/** What stands in the way, why, and what mends it. */
export interface ConnectProblem {
  /** Stable word: `adb.missing`, `adb.unauthorized`, `port.taken`, `address.loopback`, `subnet.other`, `vpn`, … */
  readonly id: string
  readonly severity: 'error' | 'warn' | 'note'
  /** Device or address it concerns; '' the way as a whole. */
  readonly about: string
  readonly text: string
  readonly cause: string
  readonly fix: string
  /** A call that mends it: a button. null where only a person can. */
  readonly action: ConnectAction | null
}

/** Calls the grid offers; `argument` is the serial, address or device. */
export interface ConnectAction {
  readonly act:
    | 'simulate'
    | 'adb.startServer'
    | 'adb.reverse'
    | 'adb.reconnect'
    | 'adb.connect'
    | 'adb.pair'
    | 'adb.identify'
    | 'wifi.qr'
    | 'addresses.choose'
    | 'modem.send'
    | 'evidence.open'
  readonly argument: string
  readonly text: string
}

/** A message that came this way. */
export interface ConnectProof {
  readonly seq: number
  readonly at: number
  readonly device: string
  /** Its end of the connection, such as `192.168.1.7:41200`; '' for a file. */
  readonly remote: string
}

/** One way. */
export interface ConnectTile {
  readonly way: ConnectWay
  readonly title: string
  /** `working`: a message came this way since the lab's start. `now`: one press away. `step`: a problem has to be mended first. `no`: not on this computer. */
  readonly can: 'working' | 'now' | 'step' | 'no'
  /** One sentence: how it stands now, and what is being listened to. */
  readonly text: string
  readonly problems: readonly ConnectProblem[]
  readonly actions: readonly ConnectAction[]
  /** First message since the lab's start, and the newest one known at all; null none. */
  readonly first: ConnectProof | null
  readonly newest: ConnectProof | null
  /** Paths a device's own browser opened, and the lab saw it (QR page): newest first. They lead here, which is not yet a DM message. */
  readonly paths: readonly PathProof[]
  /** Devices known this way. */
  readonly devices: readonly string[]
}

export interface ConnectState {
  /** Best first. */
  readonly tiles: readonly ConnectTile[]
  /** What the lab listens to, such as `http://127.0.0.1:8080/dm`. */
  readonly listening: readonly string[]
  /** Bound to this computer only: no device on a network gets through. */
  readonly loopbackOnly: boolean
  readonly at: number
}

/** Why a device at an address may not reach this lab. */
export interface ConnectReach {
  readonly address: string
  /** Interface of this computer in the same network; '' none. */
  readonly interface: string
  readonly problems: readonly ConnectProblem[]
}

/** Who holds a TCP port of this computer. */
export interface PortHolder {
  readonly port: number
  readonly taken: boolean
  /** Process and its program; 0 and '' where it cannot be read (another user's). */
  readonly pid: number
  readonly program: string
  readonly text: string
}

export interface ConnectArea {
  /** The first call makes the lab look for an adb server and serial ports. */
  state(): Promise<ConnectState>
  /** What speaks against a device at this address (host or host:port) reaching the lab: other subnet, VPN, loopback only, firewall. */
  reach(address: string): Promise<ConnectReach>
  /** Who holds this TCP port. */
  port(port: number): Promise<PortHolder>
}
