// Gateways as the window shows them: modes, states and codes in words, cells of the matrix, time that is left, what a filled form asks for. Pure.
import type {
  FanoutCommandWish,
  FanoutMatrix,
  FanoutRow,
  FanoutWish,
  ImageCard,
  InventoryRow,
  MatrixCell,
  MatrixDevice,
  PeerRow,
  StoryStep,
} from '../../core/api.ts'
import type { GatewayMode } from '../../core/api.ts'
import { codeGood, codeWords } from '../../core/mo/codes.ts'
import { DEVICE_CODES, MODES, STATES, stateWords } from '../../core/mo/gwmo.ts'
import { isInferred, markWords } from '../../core/mo/mark.ts'
import { status } from '../../core/syncml/codes.ts'
import type { StateLook } from './jobs.ts'

type Look = Pick<StateLook, 'glyph' | 'word' | 'tone'> & { readonly text: string }

/** What a mode means, beside its name. */
export const MODE_TEXT: Readonly<Record<GatewayMode, string>> = {
  transparent: 'The device holds its sessions with the DM Server; the gateway carries or forwards, and is no party to them.',
  proxy: 'The device holds its sessions with the gateway, which stands for the DM Server.',
  adaptation: 'The device speaks another protocol; the gateway translates.',
}
/** The number of a mode and what that number rests on. */
export function modeMark(mode: GatewayMode): { readonly number: number; readonly words: string; readonly inferred: boolean } {
  const row = MODES.find(({ name }) => name === mode)
  return row === undefined
    ? { number: 0, words: '', inferred: false }
    : { number: row.mode, words: markWords(row.mark), inferred: isInferred(row.mark) }
}

const FANOUT_LOOKS: Readonly<Record<FanoutRow['state'], Look>> = {
  queued: { glyph: '○', word: 'queued', tone: 'soft', text: 'It is not laid down at the gateway yet.' },
  running: { glyph: '▸', word: 'running', tone: 'accent', text: 'The gateway works on it.' },
  done: { glyph: '✓', word: 'done', tone: 'good', text: 'The gateway told how it ended.' },
  failed: { glyph: '✕', word: 'failed', tone: 'bad', text: 'No target succeeded, or it could not be laid down.' },
  cancelled: { glyph: '■', word: 'cancelled', tone: 'soft', text: 'Devices that had not begun get nothing any more.' },
}
/** A fan-out's state; one that ended with successes and failures is partial. */
export function fanoutLook(row: Pick<FanoutRow, 'state' | 'result'>): Look {
  if (row.state === 'done' && row.result === 206) return { glyph: '◐', word: 'partial', tone: 'warn', text: 'Some devices succeeded, some did not.' }
  return FANOUT_LOOKS[row.state]
}
export const isOpen = (row: Pick<FanoutRow, 'state'>): boolean => row.state === 'queued' || row.state === 'running'

export const IMAGE_LOOKS: Readonly<Record<ImageCard['state'], Look>> = {
  queued: { glyph: '○', word: 'queued', tone: 'soft', text: 'The gateway has not taken it yet.' },
  transferring: { glyph: '▸', word: 'transferring', tone: 'accent', text: 'Its bytes are on the way to the gateway.' },
  ready: { glyph: '✓', word: 'ready', tone: 'good', text: 'Devices can fetch it.' },
  failed: { glyph: '✕', word: 'failed', tone: 'bad', text: 'It did not arrive.' },
  expired: { glyph: '■', word: 'expired', tone: 'warn', text: 'Its Expiry is zero: it is void.' },
}
export const STEP_LOOKS: Readonly<Record<StoryStep['state'], Look>> = {
  done: { glyph: '✓', word: 'done', tone: 'good', text: '' },
  waiting: { glyph: '…', word: 'waiting', tone: 'accent', text: '' },
  'left out': { glyph: '–', word: 'left out', tone: 'soft', text: '' },
  failed: { glyph: '✕', word: 'failed', tone: 'bad', text: '' },
}
export const PEER_LOOKS: Readonly<Record<PeerRow['state'], Look>> = {
  connecting: { glyph: '…', word: 'connecting', tone: 'accent', text: '' },
  attached: { glyph: '✓', word: 'attached', tone: 'good', text: '' },
  lost: { glyph: '?', word: 'lost', tone: 'warn', text: 'It is tried again.' },
  refused: { glyph: '⊘', word: 'refused', tone: 'bad', text: 'It is not tried again.' },
}
export const REACH: Readonly<Record<'own' | 'attached' | 'foreign', string>> = {
  own: 'played by this lab: its inventory is read itself',
  attached: 'played by an attached lab, which is asked',
  foreign: 'its inventory cannot be read: only what it told is known',
}

/** Where a device stands at its gateway, in the words of its record. */
export function recordWords(row: InventoryRow): string {
  if (row.record !== null) return stateWords('record', row.record.state) || `state ${String(row.record.state)}`
  return row.server === null ? 'no record' : row.server.attached ? 'attached, as told' : 'detached, as told'
}
/** True where neither side has it attached any more. */
export const isGone = (row: InventoryRow): boolean => (row.record === null ? row.server?.attached === false : row.record.state === 40)
/** The newest thing seen of a device. */
export function lastProof(row: InventoryRow): { readonly at: number; readonly seq: number } {
  const all = [row.withGateway, row.withServer, ...row.proofs].flatMap((one) => (one === null ? [] : [one]))
  const newest = all.reduce((best, one) => (one.at > best.at ? one : best), { at: row.record?.lastSeen ?? 0, seq: 0 })
  return { at: newest.at, seq: newest.seq }
}

/** A Status in words; the number alone where no document has it. */
const statusWords = (code: number): string => status(code)?.name ?? ''
/** What stands in a cell of the matrix. `arrow`: the late outcome behind the first Status. */
export interface CellLook {
  readonly text: string
  readonly late: string
  readonly tone: 'good' | 'bad' | 'warn' | 'soft' | 'accent' | ''
  readonly title: string
}
export function cellLook(cell: MatrixCell | null): CellLook {
  if (cell === null) return { text: '', late: '', tone: 'soft', title: 'The gateway told nothing of it.' }
  const { sent, code, late } = cell
  if (!sent && code === null) return { text: '–', late: '', tone: 'soft', title: 'Not sent.' }
  if (code === null) return { text: '…', late: '', tone: 'accent', title: 'Sent; its Status has not come.' }
  if (late !== null) {
    const title = `Status ${String(code)}; later ${String(late)} ${codeWords(late)}`
    return { text: String(code), late: String(late), tone: codeGood(late) ? 'good' : 'bad', title }
  }
  if (code === 202) return { text: '202', late: '…', tone: 'warn', title: 'Accepted; the late alert has not come.' }
  return { text: String(code), late: '', tone: codeGood(code) ? 'good' : 'bad', title: `Status ${String(code)} ${statusWords(code)}` }
}

/** How a device of a fan-out stands. A code that one of its commands brought is the device's word, any other the gateway's. */
export function deviceLook(device: MatrixDevice): Look {
  const { code, state, cells, text } = device
  const own = cells.findIndex((cell) => cell !== null && (cell.code === code || cell.late === code))
  if (code === 0) {
    const word = state === 0 ? 'nothing told yet' : stateWords('response', state)
    return { glyph: state === 0 ? '○' : '▸', word, tone: state > 10 ? 'accent' : 'soft', text: word }
  }
  if (code === 202) return { glyph: '◔', word: '202 late alert awaited', tone: 'warn', text }
  if (codeGood(code)) return { glyph: '✓', word: `${String(code)} ${code === 200 ? 'done' : codeWords(code)}`, tone: 'good', text }
  const words =
    own >= 0
      ? `command ${String(own + 1)}: ${code < 1000 && cells[own]?.code === code ? statusWords(code) : codeWords(code)}`
      : (DEVICE_CODES.find(({ value }) => value === code)?.words ?? text)
  return { glyph: code === 408 ? '⊘' : '✕', word: `${String(code)} ${words}`, tone: 'bad', text: own >= 0 ? 'what the device answered' : words }
}
/** Devices that are over and did not succeed. */
export const failedOf = (matrix: FanoutMatrix): readonly string[] =>
  matrix.devices.filter(({ code }) => code !== 0 && code !== 202 && !codeGood(code)).map(({ deviceId }) => deviceId)

/** `45 ok, 1 failed, 1 waits`. */
export function tallyWords(devices: readonly { readonly code: number }[]): string {
  const good = devices.filter(({ code }) => code !== 202 && code !== 0 && codeGood(code)).length
  const open = devices.filter(({ code }) => code === 0 || code === 202).length
  const bad = devices.length - good - open
  return [good > 0 ? `${String(good)} ok` : '', bad > 0 ? `${String(bad)} failed` : '', open > 0 ? `${String(open)} waiting` : '']
    .filter((one) => one !== '')
    .join(', ')
}

/** Time a device has taken, and how much of the job's time that is, 0 to 1; null where the gateway cannot be asked. */
export function deviceTime(
  device: MatrixDevice,
  { startedAt, endsAt }: Pick<FanoutMatrix, 'startedAt' | 'endsAt'>,
  now: number,
): { readonly ms: number; readonly part: number; readonly left: number } | null {
  if (startedAt === 0 || endsAt <= startedAt) return null
  const until = device.endedAt > 0 ? device.endedAt : Math.min(now, endsAt)
  const ms = Math.max(0, until - startedAt)
  return { ms, part: Math.min(1, ms / (endsAt - startedAt)), left: device.endedAt > 0 ? 0 : Math.max(0, endsAt - now) }
}

/** What is left of an image's life: ms and share; null where no end is known. */
export function lifeOf(card: Pick<ImageCard, 'expiresAt' | 'life' | 'state'>, now: number): { readonly ms: number; readonly share: number } | null {
  if (card.state === 'expired') return { ms: 0, share: 0 }
  if (card.expiresAt === 0) return null
  const ms = Math.max(0, card.expiresAt - now)
  return { ms, share: card.life > 0 ? Math.min(1, ms / (card.life * 1000)) : ms > 0 ? 1 : 0 }
}

/** A new fan-out as the form holds it. */
export interface FanForm {
  gateway: string
  devices: readonly string[]
  groups: string
  whom: 'list' | 'groups' | 'all'
  mode: '' | '0' | '1' | '2'
  filter: string
  commands: readonly FanoutCommandWish[]
  /** Commands in sessions, or HTTP with Push: the URL of the image, or of its descriptor. */
  delivery: 'commands' | 'image' | 'descriptor'
  image: string
  style: 'Y' | "Y'"
  timeout: number | ''
  interval: number | ''
}
export const EMPTY_COMMAND: FanoutCommandWish = { kind: 'Get', locUri: './DevInfo/Mod' }
export const emptyFan = (gateway: string): FanForm => ({
  gateway,
  devices: [],
  groups: '',
  whom: 'list',
  mode: '',
  filter: '',
  commands: [EMPTY_COMMAND],
  delivery: 'commands',
  image: '',
  style: "Y'",
  timeout: '',
  interval: '',
})

/** What a filled form asks for, or what is missing. */
export function readFan(form: FanForm): { readonly wish: FanoutWish } | { readonly problem: string } {
  const groups = form.groups.split(/[\s,]+/).filter((one) => one !== '')
  const filter = form.filter.trim()
  if (form.gateway === '') return { problem: 'Choose a gateway.' }
  if (form.whom === 'list' && form.devices.length === 0) return { problem: 'Choose devices, groups, or all of them.' }
  if (form.whom === 'groups' && groups.length === 0) return { problem: 'Name a group.' }
  const commands = form.delivery === 'commands' ? form.commands : []
  if (form.delivery === 'commands' && commands.length === 0) return { problem: 'Add a command.' }
  if (form.delivery !== 'commands' && form.image === '') return { problem: 'A push names an image: choose it.' }
  const bare = commands.findIndex(({ locUri }) => !locUri.trim().startsWith('./'))
  if (bare >= 0) return { problem: `Command ${String(bare + 1)}: a path begins with ./` }
  const copy = commands.findIndex(({ kind, source = '' }) => kind === 'Copy' && source.trim() === '')
  if (copy >= 0) return { problem: `Command ${String(copy + 1)}: from where?` }
  const timeout = form.timeout === '' ? null : form.timeout
  if (timeout !== null && (!Number.isInteger(timeout) || timeout < 1)) return { problem: 'The time-out is a whole number of seconds.' }
  const needs = commands.some(({ data = '' }) => data.includes('{{'))
  if (needs && form.image === '') return { problem: 'A command refers to an image: choose it.' }
  return {
    wish: {
      gateway: form.gateway,
      ...(form.whom === 'list' ? { devices: [...form.devices] } : form.whom === 'groups' ? { groups } : { all: true }),
      ...(form.mode === '' ? {} : { mode: Number(form.mode) as 0 | 1 | 2 }),
      ...(filter === '' ? {} : { filter }),
      commands: commands.map(commandOf),
      ...(form.delivery === 'commands' ? {} : { delivery: 'push' as const, pushUrl: form.delivery }),
      ...(form.image === '' ? {} : { image: form.image }),
      style: form.style,
      ...(timeout === null ? {} : { timeout }),
      ...(form.interval === '' ? {} : { interval: form.interval }),
    },
  }
}
function commandOf({ kind, locUri, source = '', format = '', type = '', data = '' }: FanoutCommandWish): FanoutCommandWish {
  const valued = kind === 'Add' || kind === 'Replace' || kind === 'Exec'
  return {
    kind,
    locUri: locUri.trim(),
    ...(kind === 'Copy' ? { source: source.trim() } : {}),
    ...(valued && format !== '' ? { format } : {}),
    ...(valued && type !== '' ? { type } : {}),
    ...(valued && data !== '' ? { data } : {}),
  }
}

/** SCOMO: a package of the image inventory is fetched and installed; node names are the device's. */
export const installCommands = (name: string, image: string): readonly FanoutCommandWish[] => {
  const at = `./SCOMO/Download/${name}`
  return [
    { kind: 'Add', locUri: at, format: 'node' },
    { kind: 'Add', locUri: `${at}/PkgID`, format: 'chr', data: image },
    { kind: 'Add', locUri: `${at}/Name`, format: 'chr', data: name },
    { kind: 'Add', locUri: `${at}/PkgURL`, format: 'chr', data: '{{ImageURL}}' },
    { kind: 'Exec', locUri: `${at}/Operations/DownloadInstall` },
  ]
}

/** Every number of ours with its words, for the page of names. */
export const STATE_TABLES = Object.entries(STATES).map(([name, { mark, values }]) => ({ name, mark, values }))
