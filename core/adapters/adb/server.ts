// The adb server as a machine: what it is doing, why it cannot be used, what mends that, and when to try again. It dials and hangs up by effects.
import type { AdbServerWord } from '../../api.ts'

export type ServerInput =
  /** Somebody wants to know: the first one begins, later ones try at once where a try is pending. */
  | { readonly type: 'look' }
  /** A try ended without a server: `code` as sockets name it (ECONNREFUSED …). */
  | { readonly type: 'refused'; readonly code: string; readonly reason: string }
  /** It said something that is no adb server's, or did not say anything in time. */
  | { readonly type: 'foreign'; readonly reason: string }
  | { readonly type: 'silent'; readonly reason: string }
  | { readonly type: 'version'; readonly version: number }
  /** The stream of device lists runs: its first list came. */
  | { readonly type: 'ready'; readonly pairing: boolean }
  /** Anything came from it. */
  | { readonly type: 'heard' }
  /** The stream of device lists ended. */
  | { readonly type: 'ended'; readonly reason: string }
  | { readonly type: 'timer' }
  /** Another port is to be used. */
  | { readonly type: 'moved' }
  | { readonly type: 'stop' }

export type ServerEffect =
  /** Connect, ask the version, then follow the device lists. */
  | { readonly type: 'dial' }
  | { readonly type: 'hangUp' }
  /** (Re)arm the one timer; null cancels. */
  | { readonly type: 'timer'; readonly ms: number | null }
  /** State or text moved. `gone`: devices are unknown from now on. */
  | { readonly type: 'moved'; readonly gone: boolean }

/** Least version (the number in `adb 1.0.41`): device lists with transport ids, and streams bound to one. */
const LEAST_VERSION = 41
/** Waits between tries, ms; the last one repeats. */
export const RETRY = [500, 1000, 2000, 5000] as const

/** What is known of the server. Times by the caller's clock, 0 never. */
export interface ServerFacts {
  readonly state: AdbServerWord
  readonly version: number
  readonly pairing: boolean
  readonly text: string
  readonly fix: string
  readonly since: number
  readonly lastAt: number
  readonly nextTryAt: number
}

const UPDATE = 'Install a newer adb (Android SDK platform-tools), then run `adb kill-server` and start it again'
const START = 'Start the adb server (`adb start-server`); where no adb is installed: apt-get install adb, or the Android SDK platform-tools'

/** Machine of one adb server. `input` never throws. */
export class AdbServerMachine {
  #facts: ServerFacts = {
    state: 'idle',
    version: 0,
    pairing: false,
    text: 'nobody has asked for Android devices yet',
    fix: '',
    since: 0,
    lastAt: 0,
    nextTryAt: 0,
  }
  #tries = 0
  #stopped = false

  get facts(): ServerFacts {
    return this.#facts
  }

  input(input: ServerInput, now: number): ServerEffect[] {
    if (this.#stopped) return []
    switch (input.type) {
      case 'look':
        return this.#look(now)
      case 'moved':
        this.#tries = 0
        return [{ type: 'hangUp' }, ...this.#dial(now, 'looking for an adb server', true)]
      case 'timer':
        return this.#facts.nextTryAt === 0 ? [] : this.#dial(now, this.#facts.text, false)
      case 'refused':
        return this.#refused(input.code, input.reason, now)
      case 'foreign':
        return this.#down(
          'foreign',
          `something else answers there: ${input.reason}`,
          'Set another port, or stop the program that holds this one',
          now,
        )
      case 'silent':
        return this.#down('silent', input.reason, 'The adb server hangs: `adb kill-server`, or end its process, then start it again', now)
      case 'version':
        return this.#version(input.version, now)
      case 'ready':
        this.#tries = 0
        this.#set(
          {
            state: 'ready',
            pairing: input.pairing,
            text: `adb server version ${this.#facts.version} tells device changes`,
            fix: '',
            nextTryAt: 0,
            lastAt: now,
          },
          now,
        )
        return [
          { type: 'timer', ms: null },
          { type: 'moved', gone: false },
        ]
      case 'heard':
        this.#facts = { ...this.#facts, lastAt: now }
        return []
      case 'ended':
        return this.#down('lost', `the adb server is gone: ${input.reason}`, START, now)
      case 'stop':
        this.#stopped = true
        return [{ type: 'hangUp' }, { type: 'timer', ms: null }]
      default:
        return input satisfies never
    }
  }

  #look(now: number): ServerEffect[] {
    if (this.#facts.state === 'idle') return this.#dial(now, 'looking for an adb server', false)
    // Somebody waits: what was put off for seconds is tried now, but not in a storm.
    const due = this.#facts.nextTryAt
    return due > now + (RETRY[0] ?? 0) && this.#facts.state !== 'ready' ? this.#dial(now, this.#facts.text, false) : []
  }

  #dial(now: number, text: string, fresh: boolean): ServerEffect[] {
    const first = this.#facts.state === 'idle' || fresh
    if (first) this.#set({ state: 'connecting', text, fix: '', version: 0, pairing: false, lastAt: 0 }, now)
    this.#facts = { ...this.#facts, nextTryAt: 0 }
    return [{ type: 'timer', ms: null }, { type: 'dial' }, ...(first ? [{ type: 'moved', gone: fresh } as const] : [])]
  }

  #version(version: number, now: number): ServerEffect[] {
    this.#facts = { ...this.#facts, version, lastAt: now }
    if (version >= LEAST_VERSION) return []
    return this.#down('old', `it is version ${version}; this lab needs ${LEAST_VERSION} (adb 1.0.${LEAST_VERSION})`, UPDATE, now)
  }

  #refused(code: string, reason: string, now: number): ServerEffect[] {
    const was = this.#facts.state
    // A server that was there and does not come back stays `lost`, so that the screen keeps saying what happened.
    const text = code === 'ECONNREFUSED' ? 'no adb server listens there' : `no adb server can be reached: ${reason}`
    return this.#down(was === 'lost' ? 'lost' : 'missing', was === 'lost' ? `the adb server is gone, and ${text}` : text, START, now)
  }

  #down(state: AdbServerWord, text: string, fix: string, now: number): ServerEffect[] {
    const ms = RETRY[Math.min(this.#tries, RETRY.length - 1)] ?? 0
    this.#tries += 1
    const moved = this.#facts.state !== state || this.#facts.text !== text
    this.#set({ state, text, fix, nextTryAt: now + ms }, now)
    const told: ServerEffect[] = moved ? [{ type: 'moved', gone: true }] : []
    return [{ type: 'hangUp' }, ...told, { type: 'timer', ms }]
  }

  #set(change: Partial<ServerFacts>, now: number): void {
    const since = change.state !== undefined && change.state !== this.#facts.state ? now : this.#facts.since
    this.#facts = { ...this.#facts, ...change, since }
  }
}
