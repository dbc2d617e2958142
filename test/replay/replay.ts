// Replays recorded clients, message by message, to our DM Server, which sends the commands that were recorded; tells how each session ends.
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { base64Octets, nonceOf, shownAs } from './recorded.ts'
import type { Frame, Note } from '../../core/machine.ts'
import type { Policy } from '../../core/server/policy.ts'
import { DmServer } from '../../core/server/server.ts'
import { isRequest } from '../../core/session/replies.ts'
import { CodecError, decode } from '../../core/syncml/codec.ts'
import type { Encoding, Message, Status } from '../../core/syncml/message.ts'
import { utf8Bytes } from '../../core/syncml/text.ts'
import { ACCOUNT, fixedEnv, MemoryLedger } from '../session/support.ts'
import { shared } from '../support/shared.ts'

export const CORPUS = shared('corpus/captured-sessions')

/** How a session came out: `open` where the recording stops in its middle. */
export interface Outcome {
  readonly name: string
  readonly messages: number
  readonly recorded: string
  readonly ours: string
  /** Findings about the client, by rule, most frequent first. */
  readonly findings: readonly string[]
}

/** Sessions of recorded clients, `peer/session`. */
export function sessions(): string[] {
  if (CORPUS === null) return []
  return readdirSync(CORPUS)
    .filter((peer) => peer !== 'webos-server' && statSync(join(CORPUS, peer)).isDirectory())
    .flatMap((peer) => readdirSync(join(CORPUS, peer)).map((name) => `${peer}/${name}`))
    .filter((name) => statSync(join(CORPUS, name)).isDirectory())
    .sort()
}

interface Recorded {
  readonly up: boolean
  readonly frame: Frame
  readonly message: Message | null
}

function load(folder: string): Recorded[] {
  return readdirSync(folder)
    .filter((file) => /^\d\d-(client|server)\.(xml|wbxml)$/.test(file))
    .sort()
    .map((file) => {
      const encoding: Encoding = file.endsWith('.wbxml') ? 'wbxml' : 'xml'
      const bytes = new Uint8Array(readFileSync(join(folder, file)))
      const up = file.includes('client')
      const headers = up ? headersOf(join(folder, `${file.slice(0, 9)}.http-headers.txt`)) : []
      const contentType = headers.find(([name]) => name.toLowerCase() === 'content-type')?.[1] ?? `application/vnd.syncml.dm+${encoding}`
      return { up, frame: { bytes, encoding, contentType, headers, uri: '/dm' }, message: read(bytes, encoding) }
    })
}

function read(bytes: Uint8Array, encoding: Encoding): Message | null {
  try {
    return decode(bytes, encoding).message
  } catch (error) {
    if (error instanceof CodecError) return null
    throw error
  }
}

function headersOf(file: string): [string, string][] {
  return readFileSync(file, 'latin1')
    .split(/\r?\n/)
    .slice(1)
    .flatMap((line): [string, string][] => {
      const colon = line.indexOf(': ')
      return colon < 0 ? [] : [[line.slice(0, colon), line.slice(colon + 2).trim()]]
    })
}

const headerStatus = (message: Message): Status | undefined =>
  message.commands.find((command): command is Status => command.kind === 'Status' && command.cmdRef === '0')

/** How the recorded server ended it. */
function recordedEnd(lines: readonly Recorded[]): string {
  const last = lines.at(-1)
  if (last === undefined || last.up || last.message === null) return 'open'
  const { commands, final } = last.message
  const aborted = (line: Recorded): boolean => line.message?.commands.some((command) => command.kind === 'Alert' && command.code === 1223) === true
  const abort = lines.find(aborted)
  if (abort !== undefined) return abort.up ? 'aborted' : 'aborted by the server'
  if ((headerStatus(last.message)?.code ?? 200) >= 400) return lines.filter((line) => line.up).length > 1 ? 'failed' : 'open'
  return final && !commands.some(isRequest) ? 'completed' : 'open'
}

/** Replays one session. */
export function replay(name: string): Outcome {
  const lines = load(join(CORPUS ?? '', name))
  const replies = lines.filter((line) => !line.up)
  const first = lines[0]?.message?.header
  const challenge = replies
    .map(({ message }) => (message === null ? undefined : headerStatus(message)))
    .find((status) => (status?.code ?? 0) >= 400)?.chal
  const shown = shownAs(
    name,
    lines.map(({ message, frame }) => ({ message, headers: frame.headers })),
    challenge,
  )
  const ledger = new MemoryLedger()
  const device = first?.source.locUri ?? ''
  ledger.accounts.push({ ...ACCOUNT, device, ...shown.account })
  ledger.save({ kind: 'nonces', nonces: { device, serverId: 'dm-lab', client: nonceOf(name), server: null, reading: null } })
  let at = 0
  const policy: Policy = { next: () => [{ order: null, commands: (replies[at]?.message?.commands ?? []).filter(isRequest) }] }
  const issueNonce = (): Uint8Array => {
    const message = replies[at]?.message ?? null
    const text = message === null ? undefined : headerStatus(message)?.chal?.meta.nextNonce?.text
    return text === undefined ? utf8Bytes('a-nonce-of-our-own-.....') : base64Octets(text)
  }
  const settings = { greet: false, requireAuth: shown.required, enrol: 'never' as const, respUri: false }
  const server = new DmServer({ serverUri: 'http://127.0.0.1:8080/dm', ledger, env: fixedEnv(), policy, issueNonce, settings })
  const notes: Note[] = []
  let refused = ''
  const feed = (effects: ReturnType<DmServer['input']>): void => {
    for (const effect of effects) {
      if (effect.type === 'save') ledger.save(effect.record)
      else if (effect.type === 'note') notes.push(effect.note)
      else if (effect.type === 'close') refused = effect.reason
    }
  }
  lines.forEach((line, i) => {
    if (!line.up) return
    feed(server.input({ type: 'frame', link: { link: i }, frame: line.frame }))
    const reply = replies[at]
    // What left is what was recorded, so that the client's next Status refer to it.
    if (reply !== undefined && reply.message !== null) feed(server.input({ type: 'edited', link: { link: i }, frame: reply.frame }))
    at += 1
  })
  const state = notes.findLast((note) => note.topic === 'session')?.detail?.['state']
  return {
    name,
    messages: lines.filter((line) => line.up).length,
    recorded: recordedEnd(lines),
    ours: refused === '' ? String(state ?? 'open') : `refused: ${refused}`,
    findings: byCount(notes.flatMap((note) => (note.finding === undefined ? [] : [note.finding.rule]))),
  }
}

function byCount(rules: readonly string[]): string[] {
  const counts = new Map<string, number>()
  for (const rule of rules) counts.set(rule, (counts.get(rule) ?? 0) + 1)
  return [...counts]
    .sort((a, b) => b[1] - a[1] || a[0].localeCompare(b[0]))
    .map(([rule, count]) => (count === 1 ? rule : `${rule} ×${String(count)}`))
}

const cell = (text: string): string => text.replaceAll('|', '\\|')

/** The document: every session, how it was recorded to end, how it ends with us, and why where that differs. */
export function document(outcomes: readonly Outcome[], reasons: Readonly<Record<string, string>>): string {
  const rows = outcomes.map(({ name, messages, recorded, ours, findings }) => {
    const reason = reasons[name] ?? (recorded === ours ? '' : 'no reason is known')
    return `| ${name} | ${String(messages)} | ${recorded} | ${ours} | ${findings.join(', ')} | ${cell(reason)} |`
  })
  const head =
    '# Replayed clients\n\nThe client sides of recorded sessions, fed message by message to the DM Server, which issues the commands that were recorded, with the ' +
    'credentials and nonces of the recording. Made by `node test/replay/write.mjs`; a test fails while it is stale. `open`: the recording stops there.'
  return [
    head,
    '',
    '| session | messages | recorded end | our end | findings about the client | why they differ |',
    '|---|---|---|---|---|---|',
    ...rows,
    '',
  ].join('\n')
}
