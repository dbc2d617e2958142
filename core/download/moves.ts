// Inputs, effects and settings of the download client; types and one table of defaults.
import type { Headers } from '../machine.ts'
import type { Form } from './combined.ts'
import type { Answer, Ask, Stop, TransferRecord } from './types.ts'

/** Why an exchange failed, as the host knows it; `disk`: the file cannot be written. */
export type Failure = 'uri' | 'forbidden' | 'name' | 'refused' | 'unreachable' | 'timed out' | 'reset' | 'tls' | 'too large' | 'protocol' | 'disk'

/** Inputs. `id` is that of the `http` effect; what belongs to another exchange than the running one is passed over. */
export type Input =
  /** `size`: bytes of the partial file on the disk; `record`: what was saved last, null where nothing. */
  | { readonly type: 'start'; readonly ask: Ask; readonly record: TransferRecord | null; readonly size: number }
  | { readonly type: 'head'; readonly id: number; readonly httpStatus: number; readonly headers: Headers }
  /** So many bytes were written to the file. */
  | { readonly type: 'chunk'; readonly id: number; readonly count: number }
  /** A body taken into memory, whole. */
  | { readonly type: 'body'; readonly id: number; readonly bytes: Uint8Array }
  /** The first part of a body of parts, whole, and where the second begins; its bytes are held back until they are taken. */
  | {
      readonly type: 'parts'
      readonly id: number
      readonly bytes: Uint8Array
      readonly contentTypes: readonly [first: string, second: string]
      readonly at: number
    }
  /** The answer to a file is through. */
  | { readonly type: 'end'; readonly id: number }
  | { readonly type: 'failed'; readonly id: number; readonly failure: Failure; readonly text: string }
  | { readonly type: 'digest'; readonly size: number; readonly sha256: string }
  | { readonly type: 'timer'; readonly id: 'again' | 'report' }
  | { readonly type: 'stop'; readonly by: Stop }
  | { readonly type: 'resume' }
  | { readonly type: 'confirmed'; readonly yes: boolean }

/** The file's bytes are a part of the body: what was held back and what follows, or (`at`) from the middle of it, `left` bytes of the object to come. */
export interface Within {
  readonly form: Form
  readonly at: number | null
  readonly left: number
}

/** Effects, to be performed in order. */
export type Effect =
  | {
      readonly type: 'http'
      readonly id: number
      readonly method: 'GET' | 'POST'
      readonly url: string
      readonly headers: Headers
      readonly body: string
    }
  /** Answer to a head: where its body goes. */
  | { readonly type: 'take'; readonly id: number; readonly into: 'file'; readonly file: string; readonly at: number; readonly within?: Within }
  | { readonly type: 'take'; readonly id: number; readonly into: 'memory'; readonly most: number }
  /** The first part of so many bytes at the most; answered by `parts`. The rest is taken into a file, or closed. */
  | { readonly type: 'take'; readonly id: number; readonly into: 'parts'; readonly form: Form; readonly most: number }
  /** Close the connection; nothing of it is told any more. */
  | { readonly type: 'close'; readonly id: number }
  /** Cut the partial file of `file`; 0 removes it. */
  | { readonly type: 'truncate'; readonly file: string; readonly size: number }
  /** Hash the whole partial file; answered by `digest`. */
  | { readonly type: 'digest'; readonly file: string }
  /** The partial file becomes a stored one; nothing to do where that happened already. */
  | { readonly type: 'keep'; readonly file: string }
  /** Remove stored files. */
  | { readonly type: 'drop'; readonly files: readonly string[] }
  | { readonly type: 'timer'; readonly id: 'again' | 'report'; readonly ms: number | null }
  | { readonly type: 'save'; readonly record: TransferRecord }
  | { readonly type: 'progress'; readonly received: number; readonly total: number | null }
  /** Ask the user before the object is fetched (only with `confirm`). */
  | { readonly type: 'confirm'; readonly name: string; readonly vendor: string; readonly description: string; readonly size: number }
  | { readonly type: 'note'; readonly text: string }
  | { readonly type: 'done'; readonly answer: Answer }

/** Times in ms, sizes in bytes. */
export interface Settings {
  readonly backoff: readonly number[]
  readonly patience: number
  readonly reportWaits: readonly number[]
  readonly redirects: number
  readonly descriptorBytes: number
  readonly saveEvery: number
  readonly restarts: number
  /** How often 501 and 503 are waited for. */
  readonly busyTries: number
  /** How often a server that refuses the very first connection is called again; 0: refused is final (H12). */
  readonly refusals: number
  /** Ask the user between capability check and GET (DL-6). */
  readonly confirm: boolean
  /** Content types this device can use. */
  readonly accepts: (type: string) => boolean
  /** Name of the file of the n-th object. */
  readonly name: (key: string, object: number) => string
  readonly now: () => number
}

/** Waits of the sheet (H8, 3.2); the rest are product decisions, INFERRED. */
export const SETTINGS: Omit<Settings, 'name' | 'now'> = {
  backoff: [5_000, 15_000, 60_000, 300_000],
  patience: 3_600_000,
  reportWaits: [5_000, 30_000, 120_000],
  redirects: 5,
  descriptorBytes: 64 * 1024,
  saveEvery: 64 * 1024,
  restarts: 3,
  busyTries: 4,
  refusals: 0,
  confirm: false,
  accepts: () => true,
}
