// The lab's pushes: where a device is reached, what left and what came as rows of the trace, and bootstrap messages with fresh accounts.
import type { BootstrapOptions, BootstrapResult, Hop, Seq } from '../api.ts'
import { accountOf, freshPin, freshSecrets } from '../bootstrap/account.ts'
import type { AccountAuth } from '../bootstrap/account.ts'
import { cpDocument, encodeCp } from '../bootstrap/cp.ts'
import { dmBootstrap, encodeDm } from '../bootstrap/dm.ts'
import { isBootstrap } from '../bootstrap/inbox.ts'
import { makeMac } from '../bootstrap/mac.ts'
import type { Headers } from '../machine.ts'
import { CP_WBXML, CP_XML, DM_APPLICATION, DM_WBXML, NOTIFICATION, pduRemarks, toPdu } from '../notify/push.ts'
import type { Push, PushParts } from '../notify/push.ts'
import { PUSH_PORT } from '../notify/sms.ts'
import type { AuthType } from '../server/records.ts'
import { SERVER_SETTINGS } from '../server/settings.ts'
import type { Ledger } from '../store/ledger.ts'
import { BARE_ROW } from '../store/barerow.ts'
import type { Finding } from '../syncml/finding.ts'
import { decodePackage0, Package0Error, sessionIdText } from '../syncml/package0.ts'
import { base64 } from '../syncml/text.ts'
import type { Clock } from './ports.ts'
import type { Recorder } from './recorder.ts'

/** What left, as its socket saw it. `bytes`: the datagram, or the body of the HTTP request. */
export interface PushSent {
  readonly bytes: Uint8Array
  readonly startLine: string
  readonly headers: Headers
  readonly local: string
  readonly remote: string
  readonly at: number
  readonly mono: number
  /** Status of an HTTP push, 0 for a datagram. */
  readonly httpStatus: number
  /** Told the row it became; 0 where nothing is recorded. */
  readonly recorded?: (seq: Seq) => void
}

/** Sends a push to `udp://host:port`, an http or https URL, or `sms:NUMBER?port=PORT`. Rejects with an Error in words. */
export interface PushSender {
  send(to: string, parts: PushParts): Promise<PushSent>
}

/** A push that came to the lab's own port. `push` null where it cannot be read; `trouble` says why. */
export interface PushArrived extends Omit<PushSent, 'httpStatus' | 'recorded'> {
  readonly push: Push | null
  readonly trouble: string
  /** What it is, where it never meant to be a push (an SMS with text). */
  readonly told?: string
  /** It left this very process, which has its row from that. */
  readonly ours?: boolean
}

export interface PushesParts {
  readonly ledger: Ledger
  readonly clock: Clock
  readonly random: (count: number) => Uint8Array
  readonly recorder: Recorder
  readonly sender: PushSender
  readonly origin: string
  /** False: nothing is recorded. */
  readonly recording: boolean
  /** Leg of its pushes, where it matters by device and address; absent: S-D. */
  readonly hop?: Hop | ((device: string, to: string) => Hop)
  /** URL a device is told to post to. */
  readonly serverUri: (device: string) => string
  /** Push port of a simulated device of this lab, as a URL; undefined for any other device. */
  readonly door?: (device: string) => string | undefined
  readonly changed: () => void
}

const AUTH: Readonly<Record<'basic' | 'md5' | 'hmac', readonly [AccountAuth, AuthType]>> = {
  basic: ['BASIC', 'syncml:auth-basic'],
  md5: ['DIGEST', 'syncml:auth-md5'],
  hmac: ['HMAC', 'syncml:auth-MAC'],
}

/** Pushes of one lab. */
export class Pushes {
  readonly #parts: PushesParts

  constructor(parts: PushesParts) {
    this.#parts = parts
  }

  /**
   * The door of a simulated device; else where the last push to the device went, else port 2948 of the address its last message came from; null
   * where none is known.
   */
  target(device: string): string | null {
    const { ledger, recorder, door } = this.#parts
    const own = door?.(device)
    if (own !== undefined) return own
    const last = ledger.setting(targetOf(device))
    if (last !== undefined) return last
    const session = recorder.sessions.all().findLast((row) => row.device === device && row.last > 0)
    const remote = session === undefined ? '' : (recorder.frame(session.last)?.remote ?? '')
    const host = /^(.*):\d+$/.exec(remote)?.[1]
    return host === undefined || host === '' ? null : `udp://${host}:${String(PUSH_PORT)}`
  }

  /** Records a push that left, and keeps where it went. */
  sent(push: {
    readonly device: string
    readonly sessionId: string
    readonly package: string
    readonly to: string
    readonly text: string
    readonly sent: PushSent
  }): Seq {
    // The port of a simulated device lives no longer than this process.
    if (push.device !== '' && push.to !== this.#parts.door?.(push.device)) this.#parts.ledger.setSetting(targetOf(push.device), push.to)
    const { httpStatus } = push.sent
    const tail = httpStatus === 0 || (httpStatus >= 200 && httpStatus < 300) ? '' : `; the device answered HTTP ${String(httpStatus)}`
    const seq = this.#record({ ...push, text: `${push.text}${tail}`, httpStatus }, push.sent)
    push.sent.recorded?.(seq)
    return seq
  }

  /** Records a push that came to the lab's own port, or to that of a simulated `device`, and says what it is and what is odd about its form. */
  arrived(arrived: PushArrived, device = ''): Seq {
    const { text, sessionId, pkg } = told(arrived)
    const { push } = arrived
    const odd = push?.contentType === NOTIFICATION ? pduRemarks(push) : []
    return this.#record({ device, sessionId, package: pkg, text, httpStatus: 0 }, arrived, odd.map(formFinding))
  }

  /** Records an event of the lab itself, caused by a push row. */
  event(text: string, cause: Seq | null): void {
    const { recorder, clock, recording, changed } = this.#parts
    if (!recording) return
    recorder.event(clock.now(), clock.mono(), text, 0, cause === 0 ? null : cause)
    changed()
  }

  /** Makes the account, keeps it, builds the message, and sends it where told. Rejects with an Error in words; then nothing is kept. */
  async bootstrap(options: BootstrapOptions, objects: readonly string[] = []): Promise<BootstrapResult> {
    const { ledger, random, sender } = this.#parts
    const { device, security, to = '' } = options
    const [auth, authType] = AUTH[options.auth ?? 'md5']
    const serverId = options.serverId ?? SERVER_SETTINGS.serverId
    const userName = options.userName ?? device
    const secrets = freshSecrets(random)
    const pin = security === 'NETWPIN' ? '' : (options.pin ?? freshPin(random))
    const account = accountOf({
      ...secrets,
      serverId,
      name: options.name ?? serverId,
      address: options.serverUri ?? this.#parts.serverUri(device),
      auth,
      userName,
    })
    const cp = options.profile === 'cp'
    const contentType = cp ? (options.encoding === 'xml' ? CP_XML : CP_WBXML) : DM_WBXML
    const document = cp
      ? encodeCp(cpDocument(account), options.encoding ?? 'wbxml')
      : encodeDm(dmBootstrap(account, device, options.profile === 'dm' ? 'inline' : 'add', objects))
    const mac = makeMac(cp ? 'cp' : 'dm', security, { imsi: options.imsi, pin }, document)
    const parts: PushParts = { contentType, security, mac, body: document, ...(cp ? {} : { application: DM_APPLICATION }) }
    const pdu = toPdu(parts)
    const { password, serverPassword, clientNonce, serverNonce } = secrets
    ledger.save([
      { kind: 'account', account: { device, userName, password, serverId, serverPassword, authType, state: 'enrolled' } },
      { kind: 'nonces', nonces: { device, serverId, client: clientNonce, server: { text: base64(serverNonce), octets: null }, reading: null } },
    ])
    let seq: Seq = 0
    if (to !== '') {
      const sent = await sender.send(to, parts)
      const name = cp ? 'client provisioning' : 'DM profile'
      seq = this.sent({ device, sessionId: '', package: '', to, text: `bootstrap (${name}, ${security}) for ${device} to ${to}`, sent })
    }
    return { seq, to, serverId, userName, password, serverPassword, pin, mac, contentType, document, pdu }
  }

  #record(
    about: { device: string; sessionId: string; package: string; text: string; httpStatus: number; to?: string },
    what: Omit<PushSent, 'httpStatus' | 'recorded'>,
    findings: readonly Finding[] = [],
  ): Seq {
    const { recorder, origin, recording, changed, hop = 'S-D' } = this.#parts
    if (!recording) return 0
    const { bytes, startLine, headers, local, remote, at, mono } = what
    const { httpStatus } = about
    const row = {
      ...BARE_ROW,
      kind: 'push' as const,
      at,
      mono,
      direction: 'down' as const,
      hop: typeof hop === 'function' ? hop(about.device, about.to ?? '') : hop,
      sessionId: about.sessionId,
      device: about.device,
      package: about.package,
      size: bytes.length,
      httpStatus,
      text: about.text,
      findings: findings.length,
      severity: (findings.length === 0 ? '' : 'note') as '' | 'note',
    }
    const seq = recorder.import({ row, bytes, startLine, headers, local, remote, cause: null, origin, findings, notes: [] }, null)
    changed()
    return seq
  }
}

/** What is odd about the form of a push that is a notification. */
const formFinding = (text: string): Finding & { readonly severity: 'note' } => ({
  rule: 'push.form',
  severity: 'note',
  document: 'NOTI',
  clause: '6.3',
  text,
  offset: 0,
  length: 0,
})

function told({ push, trouble, told: plain }: PushArrived): { readonly text: string; readonly sessionId: string; readonly pkg: string } {
  if (plain !== undefined) return { text: plain, sessionId: '', pkg: '' }
  if (push === null) return { text: `a push that cannot be read: ${trouble}`, sessionId: '', pkg: '' }
  const end = push.endDevice === null ? '' : ` for the end device ${push.endDevice}`
  if (push.contentType === NOTIFICATION) {
    try {
      const { sessionId, serverId } = decodePackage0(push.body)
      return {
        text: `notification of ${serverId} for session ${sessionIdText(sessionId)} came in${end}`,
        sessionId: sessionIdText(sessionId),
        pkg: '#0',
      }
    } catch (error) {
      if (!(error instanceof Package0Error)) throw error
      return { text: `a notification that cannot be read: ${error.message}`, sessionId: '', pkg: '#0' }
    }
  }
  const what = isBootstrap(push.contentType) ? 'bootstrap message' : 'push'
  return { text: `${what} (${push.contentType}) came in${end}`, sessionId: '', pkg: '' }
}

const targetOf = (device: string): string => `push.target ${device}`
