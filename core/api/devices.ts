// Devices as LabApi shows them: real and simulated ones, their questions to a person, commands queued for them. Types only.
import type { Encoding } from '../syncml/message.ts'
import type { AccountChange, AccountRow, BootstrapOptions, BootstrapResult } from './accounts.ts'
import type { NotifyOptions, NotifyResult } from './notify.ts'
import type { EnrolDecision, ResetDone, ResetWish, WantsToTalk } from './why.ts'

export interface DeviceRow {
  readonly id: string
  readonly simulated: boolean
  readonly manufacturer: string
  readonly model: string
  /** Last proof of life: when its last message came; 0 = never. */
  readonly lastAt: number
  readonly sessions: number
  /** What its account permits: enrolled, waiting for a decision, refused. */
  readonly state: AccountRow['state']
  /** For a simulated device in this lab: what it does now. */
  readonly activity: string
}

/** A simulated device to start in this lab. It talks to the lab's own DM port over real HTTP. */
export interface SimulateOptions {
  readonly id?: string
  readonly encoding?: Encoding
  readonly auth?: 'basic' | 'md5' | 'hmac'
  /** What kind of client it is, as `dmlab device --profile` names them; default `full`. */
  readonly profile?: string
  /** Alert 1201 or 1200. */
  readonly initiated?: 'client' | 'server'
  /** Wrong credentials on purpose, to watch the 401 dance. */
  readonly wrongPassword?: boolean
  /**
   * Who answers its questions (alerts 1100 to 1104, and its own before a download or an installation): a person in the window (default), or a rule;
   * `timeout` lets their time pass, `postpone` puts its own questions off once and then accepts.
   */
  readonly answers?: 'person' | 'accept' | 'reject' | 'cancel' | 'timeout' | 'postpone'
  /** Management objects for software it has besides the standard ones. */
  readonly mo?: readonly ('scomo' | 'fumo')[]
  /** Version of its SCOMO; default 1.0. With 1.1 it has `Reboot`. */
  readonly scomo?: '1.0' | '1.1'
  /** MaxObjSize it announces, octets; default what its kind of client names, 256 MiB with objects for software, else 1 MiB. */
  readonly maxObjSize?: number
}

/** A question a simulated device puts to the person in front of it (user interaction alerts 1100 to 1104). */
export interface DeviceQuestion {
  readonly id: string
  readonly device: string
  readonly kind: 'display' | 'confirm' | 'input' | 'choice' | 'choices'
  readonly text: string
  /** Numbered from 1 in answers. */
  readonly choices: readonly string[]
  /** Numbers of choices, '0' or '1' for a confirmation, or the initial text. */
  readonly preset: readonly string[]
  /** Most characters of an input; null: no limit. */
  readonly maxLength: number | null
  /** Form of an input: any text, number, date DDMMYYYY, time hhmmss, phone number, IPv4 address. */
  readonly form: 'A' | 'N' | 'D' | 'T' | 'P' | 'I'
  /** Typed like a password. */
  readonly secret: boolean
  /** Who asks: the server (an alert), or the device itself before a download or an installation; then it can be postponed. */
  readonly asker: 'server' | 'device'
  /** Milliseconds since 1970; at `until` the device reports that nobody answered. */
  readonly askedAt: number
  readonly until: number
}

/** `ok`: seen, or yes. `no`: only for a confirmation. `chosen`: numbers of the choices. */
export type DeviceAnswer =
  | { readonly act: 'ok' }
  | { readonly act: 'no' }
  | { readonly act: 'cancel' }
  /** Only for a question of the device itself: it asks again after a while. */
  | { readonly act: 'postpone' }
  | { readonly act: 'text'; readonly text: string }
  | { readonly act: 'chosen'; readonly numbers: readonly number[] }

/** A command the server shall send to a device, at its next session. Text form of the value. */
export interface QueuedCommand {
  readonly kind: 'Get' | 'Add' | 'Replace' | 'Delete' | 'Exec' | 'Copy'
  readonly locUri: string
  readonly source?: string
  readonly format?: string
  readonly type?: string
  readonly data?: string
}

/** A question the server shall put to the person in front of a device (alerts 1100 to 1104). `options` as written: `MAXDT=30&DR=2`. */
export interface QueuedQuestion {
  readonly kind: 'Ask'
  readonly code: 1100 | 1101 | 1102 | 1103 | 1104
  readonly text: string
  readonly choices?: readonly string[]
  readonly options?: string
}

export interface DevicesArea {
  list(): Promise<readonly DeviceRow[]>
  /** Starts a simulated device; resolves with its id when its session has begun. */
  simulate(options: SimulateOptions): Promise<{ readonly id: string }>
  /** Queues commands for the device's next session. */
  queue(device: string, commands: readonly (QueuedCommand | QueuedQuestion)[]): Promise<void>
  /** Questions of simulated devices that wait for a person, oldest first. */
  questions(): Promise<readonly DeviceQuestion[]>
  /** Rejects where the question is not open any more or the answer does not fit it. */
  answer(id: string, answer: DeviceAnswer): Promise<void>
  /** Builds a Package #0 with the device's account and nonce, sends it, records it, and waits for the session in the background. */
  notify(device: string, options: NotifyOptions): Promise<NotifyResult>
  /** Makes an account for a device, keeps it, and builds (and sends) the bootstrap message that carries it. */
  bootstrap(options: BootstrapOptions): Promise<BootstrapResult>
  /** The device's own accounts, oldest first, or the one for every device that serves it. */
  accounts(device: string): Promise<readonly AccountRow[]>
  /** Changes an account of the device, or makes it. Rejects in words; nothing is changed then. */
  setAccount(device: string, change: AccountChange): Promise<AccountRow>
  /** Unknown devices that nobody decided about, the newest first. */
  wants(): Promise<readonly WantsToTalk[]>
  /** Decides about such a device (also later, about one that was ignored). Rejects in words where there is nothing to decide. */
  decide(device: string, decision: EnrolDecision): Promise<void>
  /** Brings a device back to a known state after a failed run: nonces, orders, jobs, tree; a simulated one at once, a real one by an order at its next session. */
  reset(device: string, wish: ResetWish): Promise<ResetDone>
}
