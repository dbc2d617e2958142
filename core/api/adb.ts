// Android devices through the adb server: honest states with their proof, tunnels, files, log lines on the lab's time axis. Types only.

/**
 * `idle`: nobody asked yet, nothing was tried. `connecting`: trying now. `ready`: it answers and tells device changes. `missing`: nothing listens there. `old`: it
 * answers but is too old. `foreign`: something else answers on that port. `lost`: it was ready and has gone. `silent`: it takes connections and says nothing.
 */
export type AdbServerWord = 'idle' | 'connecting' | 'ready' | 'missing' | 'old' | 'foreign' | 'lost' | 'silent'

/** The adb server, which owns the USB port. */
export interface AdbServerRow {
  readonly state: AdbServerWord
  /** `127.0.0.1:5037`. */
  readonly address: string
  /** Its protocol version (41 is `adb 1.0.41`); 0 not known. */
  readonly version: number
  /** One sentence on the state, and what mends it ('' where nothing needs mending). */
  readonly text: string
  readonly fix: string
  /** Since when it is in this state, and when it last said anything (ms since 1970; 0 never). */
  readonly since: number
  readonly lastAt: number
  /** When the next try comes by itself; 0: none is due. */
  readonly nextTryAt: number
  /** The adb program of this computer; '' where none is installed. */
  readonly program: string
  /** `startServer` would make sense: none answers, and a program is there. */
  readonly canStart: boolean
  /** It has pairing over Wi-Fi (Android 11 and later). */
  readonly pairing: boolean
}

/**
 * What the adb server says of a device, and `vanished` for one it no longer lists, `unknown` while the server itself is gone. `other`: a word this lab does not
 * know; it stands in `said`.
 */
export type AdbDeviceWord =
  | 'device'
  | 'offline'
  | 'unauthorized'
  | 'authorizing'
  | 'connecting'
  | 'recovery'
  | 'sideload'
  | 'rescue'
  | 'bootloader'
  | 'no permissions'
  | 'vanished'
  | 'unknown'
  | 'other'

/** A port of the device that leads to a port of this lab. */
export interface AdbReverseRow {
  /** Port on the device and on this computer. */
  readonly remote: number
  readonly local: number
  /** What is there: `dm`, `dms`, `download`, `gateway`, or '' for one chosen by hand. */
  readonly role: string
  /** `wanted`: to be made when the device is back. `open`: the device says it has it. `failed`: `text` says why. */
  readonly state: 'wanted' | 'open' | 'failed'
  readonly text: string
  readonly at: number
}

export type AdbLogLevel = 'V' | 'D' | 'I' | 'W' | 'E' | 'F'

/** Which lines pass. `tags`: exact tags, empty or absent for all; `level`: this and graver; `text`: anywhere in tag or text, no case. */
export interface AdbLogFilter {
  readonly tags?: readonly string[]
  readonly level?: AdbLogLevel
  readonly text?: string
}

/** A line of a device's log. */
export interface AdbLogLine {
  /** Its number in this lab, counted a device: 1, 2, 3 … */
  readonly n: number
  /** When it was written, on this lab's clock: the device's time less its offset. ms since 1970, fractions kept. */
  readonly at: number
  /** As the device wrote it. */
  readonly deviceAt: number
  readonly pid: number
  readonly tid: number
  readonly level: AdbLogLevel
  readonly tag: string
  readonly text: string
}

/** The log of one device. Off until somebody turns it on; not kept over a restart. */
export interface AdbLogRow {
  /** `waiting`: wanted, and the device is not there. */
  readonly state: 'off' | 'on' | 'waiting'
  /** Applied where lines are taken in. */
  readonly filter: AdbLogFilter
  /** Numbers of the oldest and newest line kept (0 none), and how many older ones the bounded buffer let go. */
  readonly first: number
  readonly last: number
  readonly dropped: number
  /** Lines that could not be read as log lines; they are kept with tag `logcat`. */
  readonly unreadable: number
  /** Clock of the device less the lab's, ms, and how far that may be off; null until measured. */
  readonly offset: number | null
  readonly uncertainty: number
  /** Why it is not running, or what to know of it; '' where all is well. */
  readonly text: string
}

/** One device. */
export interface AdbDeviceRow {
  readonly serial: string
  readonly state: AdbDeviceWord
  /** The server's own words, such as `no permissions (user in plugdev group; are your udev rules wrong?)`. */
  readonly said: string
  readonly way: 'usb' | 'wifi' | 'emulator'
  /** Host a Wi-Fi device was connected by; '' otherwise. */
  readonly host: string
  /** From getprop, else from the server's list; '' where not known. */
  readonly manufacturer: string
  readonly model: string
  readonly product: string
  readonly android: string
  /** API level; 0 not known. */
  readonly sdk: number
  readonly build: string
  /** One sentence on the state, and what mends it. */
  readonly text: string
  readonly fix: string
  /** Since when it is in this state, ms since 1970. */
  readonly since: number
  /** Last time the device itself was heard through adb (it answered a probe, wrote a log line, took a file), and by what; 0 and '' never. */
  readonly proofAt: number
  readonly proof: string
  /** Last time the server listed it. */
  readonly listedAt: number
  /** DM device that this is, where its identity shows it (serial or IMEI in the device id); '' not known. */
  readonly device: string
  readonly reverse: readonly AdbReverseRow[]
  readonly log: AdbLogRow
}

export interface AdbState {
  readonly server: AdbServerRow
  /** Usable ones first, then by serial. */
  readonly devices: readonly AdbDeviceRow[]
}

/** A page of log lines. */
export interface AdbLogPage {
  readonly lines: readonly AdbLogLine[]
  /** Number to go on from (exclusive); all kept lines up to it have been examined. */
  readonly through: number
  /** True where newer lines are kept than examined. */
  readonly more: boolean
  readonly log: AdbLogRow
}

/** Which lines a page is to hold: those behind number `after`, within the lab's times `from` to `until`, that pass the filter. */
export interface AdbLogWish {
  readonly after?: number
  readonly from?: number
  readonly until?: number
  readonly filter?: AdbLogFilter
  /** Default 500, at most 5,000. */
  readonly count?: number
}

/** A file for a device. */
export interface AdbFile {
  /** Whole path on the device, such as `/sdcard/Download/dm-lab-ca.crt`. */
  readonly path: string
  readonly bytes: Uint8Array
  /** Default 0o644. */
  readonly mode?: number
}

export interface AdbPushed {
  readonly path: string
  readonly size: number
  readonly ms: number
}

/** What came of showing a device which one it is. */
export interface AdbIdentified {
  /** Page the device was told to open. */
  readonly url: string
  /** Big letters on it. */
  readonly label: string
  /** When the device fetched it (ms since 1970); 0 where it did not in time. */
  readonly fetchedAt: number
  readonly text: string
}

export interface AdbArea {
  /** The first call makes the lab look for an adb server; it never starts one. */
  state(): Promise<AdbState>
  /** Where the adb server is; default 127.0.0.1:5037, or what ANDROID_ADB_SERVER_PORT says. */
  server(port: number): Promise<AdbState>
  /** Runs `adb start-server`. Rejects in words where no adb is installed or it did not come up. */
  startServer(): Promise<AdbState>
  /** Asks the device itself for a sign of life, its facts and its clock. */
  probe(serial: string): Promise<AdbDeviceRow>
  /** Makes an offline or stuck device's connection anew. */
  reconnect(serial: string): Promise<AdbDeviceRow>
  /** Makes the lab's ports reachable on the device under 127.0.0.1, now and whenever it comes back; `ports` absent: all the lab has open. */
  reverse(serial: string, ports?: readonly number[]): Promise<AdbDeviceRow>
  /** Takes them back; `ports` absent: all that this lab made. */
  unreverse(serial: string, ports?: readonly number[]): Promise<AdbDeviceRow>
  /** `host` or `host:port` (default 5555). Rejects in words. */
  connect(address: string): Promise<AdbState>
  disconnect(address: string): Promise<AdbState>
  /** `host:port` and the six digits that the device shows under Wireless debugging. */
  pair(address: string, code: string): Promise<AdbState>
  push(serial: string, file: AdbFile): Promise<AdbPushed>
  /** Opens a page with a big label in the device's browser, through the tunnel; the lab sees it fetched. */
  identify(serial: string, label?: string): Promise<AdbIdentified>
  /** Turns the log on (with a filter) or off (null). */
  logcat(serial: string, filter: AdbLogFilter | null): Promise<AdbLogRow>
  log(serial: string, wish: AdbLogWish): Promise<AdbLogPage>
  /** Forgets a device that vanished. */
  forget(serial: string): Promise<AdbState>
}

/** New log lines of a device, at most a few hundred a fact; a screen that needs all reads pages. */
export interface AdbLogFact {
  readonly serial: string
  readonly log: AdbLogRow
  readonly lines: readonly AdbLogLine[]
}
