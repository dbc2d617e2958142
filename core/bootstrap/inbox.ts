// A device's door for bootstrap messages: reads, checks the MAC, applies all or nothing, and discards after three wrong PINs.
import { TreeError } from '../dmtree/error.ts'
import type { Tree } from '../dmtree/tree.ts'
import { CP_WBXML, CP_XML, DM_WBXML, DM_XML, readPdu } from '../notify/push.ts'
import type { Push } from '../notify/push.ts'
import { looksLikeWsp } from '../notify/wsp.ts'
import { PushError } from '../notify/wspvalues.ts'
import { CodecError, decode } from '../syncml/codec.ts'
import type { Encoding } from '../syncml/message.ts'
import { applyCp } from './cp.ts'
import { applyDm } from './dm.ts'
import type { Applied } from './dm.ts'
import { checkMac } from './mac.ts'
import type { Profile, SharedSecrets } from './mac.ts'

/** Wrong PINs after which the message is thrown away (ProvBoot; count INFERRED). */
const PIN_TRIES = 3

/** What became of a bootstrap message. `text` is one sentence for people. */
export type BootOutcome =
  | ({ readonly what: 'applied'; readonly profile: Profile; readonly text: string } & Applied)
  /** The message waits for another PIN. */
  | { readonly what: 'waiting'; readonly tries: number; readonly text: string }
  | { readonly what: 'refused'; readonly text: string }
  /** No bootstrap message at all. */
  | { readonly what: 'foreign'; readonly text: string }

export interface BootOptions {
  readonly tree: Tree
  readonly imsi?: string | undefined
  /** Takes messages without SEC and MAC: smart card, factory, a person who knows where they come from. */
  readonly unsigned?: boolean
  /** ServerID that must have an account here before anybody else's bootstrap counts (S4 M.2: how a device is set up to allow a gateway's is INFERRED). */
  readonly insistsOn?: string
}

const PROFILES: ReadonlyMap<string, readonly [Profile, Encoding]> = new Map([
  [DM_WBXML, ['dm', 'wbxml']],
  [CP_WBXML, ['cp', 'wbxml']],
  [CP_XML, ['cp', 'xml']],
])

/** True where a push of that media type is for this door. */
export function isBootstrap(contentType: string): boolean {
  return PROFILES.has(contentType) || contentType === DM_XML
}

/** Takes bootstrap messages for one device. */
export class BootInbox {
  readonly #options: BootOptions
  #waiting: Push | null = null
  #wrong = 0

  constructor(options: BootOptions) {
    this.#options = options
  }

  /** Takes a message; `pin` where the person has it at hand. Never throws. */
  receive(push: Push, pin?: string): BootOutcome {
    if (push.contentType === DM_XML) return { what: 'refused', text: 'a DM profile bootstrap must be WBXML; this one is XML' }
    if (!PROFILES.has(push.contentType)) return { what: 'foreign', text: `content type ${push.contentType} is no bootstrap message` }
    this.#waiting = push
    this.#wrong = 0
    return this.#open(push, pin)
  }

  /** Tries a PIN on the message that waits. */
  tryPin(pin: string): BootOutcome {
    return this.#waiting === null ? { what: 'refused', text: 'no bootstrap message waits for a PIN' } : this.#open(this.#waiting, pin)
  }

  #open(push: Push, pin: string | undefined): BootOutcome {
    const [profile, encoding] = PROFILES.get(push.contentType) ?? ['dm', 'wbxml']
    const { imsi, tree, unsigned } = this.#options
    const wantsPin = push.security === 'USERPIN' || push.security === 'USERNETWPIN'
    if (wantsPin && push.mac !== null && pin === undefined)
      return { what: 'waiting', tries: PIN_TRIES - this.#wrong, text: `${push.security} needs the PIN` }
    const secrets: SharedSecrets = { imsi, pin }
    const bare = push.security === null && push.securityText === '' && push.mac === null
    const verdict =
      bare && unsigned === true
        ? { ok: true, wrong: false, cause: 'taken without MAC, as told' }
        : checkMac(profile, push.security, push.mac, secrets, push.body)
    if (verdict.ok) return this.#apply(push, profile, encoding, tree, verdict.cause)
    if (!verdict.wrong || !wantsPin) return this.#discard(verdict.cause)
    this.#wrong += 1
    if (this.#wrong >= PIN_TRIES) return this.#discard(`${verdict.cause}; ${String(PIN_TRIES)} wrong PINs, the message is thrown away`)
    return { what: 'waiting', tries: PIN_TRIES - this.#wrong, text: verdict.cause }
  }

  #discard(text: string): BootOutcome {
    this.#waiting = null
    return { what: 'refused', text }
  }

  /** Why nobody but one server may bootstrap this device yet; null where that one has, or is at it. */
  #barred({ body }: Push, profile: Profile, encoding: Encoding): string | null {
    const { insistsOn, tree } = this.#options
    if (insistsOn === undefined) return null
    const known = [...(tree.find(['DMAcc'])?.children?.values() ?? [])].some((account) => account.children?.get('ServerID')?.value === insistsOn)
    if (known || (profile === 'dm' && sourceOf(body, encoding) === insistsOn)) return null
    return `refused: nobody bootstraps this device before ${insistsOn} has`
  }

  #apply(push: Push, profile: Profile, encoding: Encoding, tree: Tree, cause: string): BootOutcome {
    const barred = this.#barred(push, profile, encoding)
    if (barred !== null) return this.#discard(barred)
    try {
      const applied = profile === 'dm' ? applyDm(tree, push.body) : applyCp(tree, push.body, encoding)
      this.#waiting = null
      const named = applied.accounts.map(({ serverId, node }) => `./DMAcc/${node} of ${serverId}`).join(', ')
      return { what: 'applied', profile, ...applied, text: `${named === '' ? 'no account' : named}: ${cause}` }
    } catch (error) {
      if (error instanceof CodecError) return this.#discard(`cannot be read at byte ${String(push.bodyStart + error.offset)}: ${error.reason}`)
      if (error instanceof TreeError) return this.#discard(`refused with ${String(error.status)}: ${error.message}`)
      throw error
    }
  }
}

function sourceOf(body: Uint8Array, encoding: Encoding): string {
  try {
    return decode(body, encoding).message.header.source.locUri
  } catch (error) {
    if (error instanceof CodecError) return ''
    throw error
  }
}

/**
 * The push a file holds: a WSP push with its headers, or a bare document (then without SEC and MAC), told apart by their first octets.
 * Throws PushError where it is neither.
 */
export function readBootFile(bytes: Uint8Array): Push {
  if (looksLikeWsp(bytes)) return readPdu(bytes)
  const bare = { application: '', endDevice: null, security: null, securityText: '', mac: null, body: bytes, bodyStart: 0, wsp: null }
  const first = bytes.find((octet) => octet > 0x20)
  if (bytes[0] !== undefined && bytes[0] <= 3) {
    // Public identifier 0x0B is client provisioning (WAP-192); everything else is a DM message or is refused as none.
    return { ...bare, contentType: bytes[1] === 0x0b ? CP_WBXML : DM_WBXML }
  }
  if (first === 0x3c || bytes[0] === 0xef) {
    const head = String.fromCharCode(...bytes.subarray(0, 2000))
    return { ...bare, contentType: /<wap-provisioningdoc[\s/>]/.test(head) ? CP_XML : DM_XML }
  }
  throw new PushError('neither a WSP push nor a WBXML or XML document', 0)
}
