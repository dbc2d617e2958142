// Jobs as the window shows them: states in words, results explained, what a filled form asks for. Pure.
import { codeGood, codeWords, resultCode } from '../../core/mo/codes.ts'
import { isInferred, markWords } from '../../core/mo/mark.ts'
import type { JobItemRow, JobItemWish, JobOp, JobRow, JobState, JobType, JobWish, Mechanism, PackageRow } from '../../core/api.ts'

/** A state as shown: glyph and word together, colour third. */
export interface StateLook {
  readonly glyph: string
  readonly word: string
  readonly tone: 'good' | 'bad' | 'warn' | 'soft' | 'accent'
  /** One sentence. */
  readonly text: string
}

export const STATES: Readonly<Record<JobState, StateLook>> = {
  queued: { glyph: '○', word: 'queued', tone: 'soft', text: 'Its device has not come yet.' },
  waiting: { glyph: '…', word: 'waiting', tone: 'warn', text: 'Something outside is missing.' },
  running: { glyph: '▸', word: 'running', tone: 'accent', text: 'A session works on it.' },
  accepted: { glyph: '◔', word: 'accepted', tone: 'accent', text: 'Ordered; the late alert of the device is awaited.' },
  done: { glyph: '✓', word: 'done', tone: 'good', text: 'All went well.' },
  partial: { glyph: '◐', word: 'partial', tone: 'warn', text: 'Some of its items went well, some did not.' },
  failed: { glyph: '✕', word: 'failed', tone: 'bad', text: 'It did not work.' },
  refused: { glyph: '⊘', word: 'refused', tone: 'bad', text: 'The person or the device said no.' },
  cancelled: { glyph: '■', word: 'cancelled', tone: 'soft', text: 'Taken back before it was done.' },
  not_needed: { glyph: '✓', word: 'not needed', tone: 'soft', text: 'The device already was as wanted.' },
  not_found: { glyph: '✕', word: 'not found', tone: 'bad', text: 'What it is about is not on the device.' },
  not_applicable: { glyph: '–', word: 'not applicable', tone: 'soft', text: 'Nothing of the catalogue suits this device.' },
  unknown: { glyph: '?', word: 'unknown', tone: 'warn', text: 'The outcome never came and could not be read.' },
}

/** States that are ends. */
export const ENDS: ReadonlySet<JobState> = new Set([
  'done',
  'partial',
  'failed',
  'refused',
  'cancelled',
  'not_needed',
  'not_found',
  'not_applicable',
  'unknown',
])

export const ORIGIN: Readonly<Record<JobRow['origin'], string>> = {
  emi: 'infrastructure',
  device: 'device',
  set: 'default set',
  subscription: 'subscription',
}

export const OPS: readonly { readonly id: JobOp; readonly word: string; readonly types: readonly JobType[] }[] = [
  { id: 'deliver', word: 'deliver', types: ['scomo', 'fumo'] },
  { id: 'install', word: 'install, active', types: ['scomo'] },
  { id: 'installInactive', word: 'install, inactive', types: ['scomo'] },
  { id: 'update', word: 'update', types: ['scomo', 'fumo'] },
  { id: 'activate', word: 'activate', types: ['scomo'] },
  { id: 'deactivate', word: 'deactivate', types: ['scomo'] },
  { id: 'remove', word: 'remove', types: ['scomo'] },
  { id: 'exec', word: 'Exec of a primitive', types: ['scomo', 'fumo'] },
]

export const MECHANISMS: readonly { readonly id: Mechanism; readonly word: string }[] = [
  { id: 'auto', word: 'the server chooses' },
  { id: 'dm-large', word: 'over DM, as a large object' },
  { id: 'http', word: 'plain HTTP GET' },
  { id: 'dlota1', word: 'OMA Download 1.0 descriptor' },
  { id: 'dlota1-combined', word: 'OMA Download 1.0, descriptor and object in one' },
  { id: 'dlota2', word: 'OMA Download 2.0 descriptor' },
]

/** `install`, with the object where it is firmware: `update firmware`. */
export function opWords(row: Pick<JobRow, 'type' | 'op'>): string {
  const word = OPS.find((one) => one.id === row.op)?.word ?? row.op
  return row.type === 'fumo' ? `${word} firmware` : word
}

/** A result code explained: `1200 Successful`, with where that stands. '' for 0. */
export function resultWords(code: number): {
  readonly text: string
  readonly tone: 'good' | 'bad' | ''
  readonly mark: string
  readonly inferred: boolean
} {
  if (code === 0) return { text: '', tone: '', mark: '', inferred: false }
  const row = resultCode(code)
  return {
    text: `${String(code)} ${codeWords(code)}`,
    tone: codeGood(code) ? 'good' : 'bad',
    mark: row === undefined ? 'No table has this code.' : markWords(row.mark),
    inferred: row !== undefined && isInferred(row.mark),
  }
}

/** What an item is called: package, or component with its version, or the node it made. */
export function itemWords(item: JobItemRow): string {
  const name = item.component !== '' ? item.component : item.pkg !== '' ? item.pkg : (item.objects[0] ?? '')
  return name === '' ? 'the server chooses' : item.version === '' ? name : `${name} ${item.version}`
}

/** The items of a job in one line: `antivir 2.1`, `antivir 2.1 and 2 more`. */
export function itemsWords(items: readonly JobItemRow[]): string {
  const [first] = items
  if (first === undefined) return 'the server chooses'
  return items.length === 1 ? itemWords(first) : `${itemWords(first)} and ${String(items.length - 1)} more`
}

/** Which jobs are shown: `open` and `ended` are groups of states. */
export type StateFilter = '' | 'open' | 'ended' | JobState

export function narrow(rows: readonly JobRow[], state: StateFilter, device: string): readonly JobRow[] {
  const text = device.trim().toLowerCase()
  return rows.filter((row) => {
    const fits = state === '' || (state === 'open' ? !ENDS.has(row.state) : state === 'ended' ? ENDS.has(row.state) : row.state === state)
    return fits && (text === '' || row.device.toLowerCase().includes(text))
  })
}

/** What the form of a new job holds. */
export interface JobForm {
  whom: 'device' | 'group' | 'deviceType' | 'filter'
  device: string
  group: string
  man: string
  mod: string
  filter: string
  type: JobType
  op: JobOp
  /** PkgIDs chosen from the catalogue; none: the server chooses. */
  pkgs: string[]
  /** Component IDs, one a line or between commas. */
  components: string
  target: string
  mechanism: Mechanism
  confirm: 'none' | 'user' | 'device'
  inventory: boolean
  reason: '' | 'feature' | 'security' | 'performance'
  updateWay: 'U1' | 'U2' | 'U3'
  /** SCOMO 1.1; '' not said. */
  reboot: '' | 'before' | 'after' | 'both'
  correlator: string
  stopOnError: boolean
  retryUnknown: boolean
  wake: boolean
  /** Minutes; '' one day. */
  limit: number | ''
  notify: string
}

export function emptyForm(device: string): JobForm {
  return {
    whom: 'device',
    device,
    group: '',
    man: '',
    mod: '',
    filter: '',
    type: 'scomo',
    op: 'install',
    pkgs: [],
    components: '',
    target: '',
    mechanism: 'auto',
    confirm: 'none',
    inventory: true,
    reason: '',
    updateWay: 'U1',
    reboot: '',
    correlator: '',
    stopOnError: false,
    retryUnknown: false,
    wake: true,
    limit: '',
    notify: '',
  }
}

/** Words of a list typed with line breaks or commas. */
export const words = (text: string): readonly string[] =>
  text
    .split(/[\n,]/)
    .map((one) => one.trim())
    .filter((one) => one !== '')

/** Whether an operation takes packages (else components). */
export const takesPackages = (op: JobOp): boolean => op === 'deliver' || op === 'install' || op === 'installInactive' || op === 'update'

/** Whether a device can be told to restart around the operation (SCOMO 1.1). */
export const restarts = ({ type, op }: Pick<JobForm, 'type' | 'op'>): boolean => type === 'scomo' && takesPackages(op) && op !== 'deliver'

/** What a form asks for, or what is missing in it (`field` is where). */
export type Read = { readonly wish: JobWish } | { readonly problem: string; readonly field: keyof JobForm }

export function readForm(form: JobForm): Read {
  const whom = whomOf(form)
  if ('problem' in whom) return whom
  const items: JobItemWish[] =
    form.op === 'exec'
      ? []
      : takesPackages(form.op)
        ? form.pkgs.map((pkg) => ({ pkg }))
        : words(form.components).map((name) => (name.startsWith('./') ? { target: name } : { component: name }))
  const target = form.target.trim()
  if (form.op === 'exec' && !target.startsWith('./')) return { problem: 'Say which primitive: a URI that begins with ./', field: 'target' }
  if (form.op !== 'exec' && !takesPackages(form.op) && items.length === 0)
    return { problem: `Say which components to ${form.op}.`, field: 'components' }
  const notify = form.notify.trim()
  if (notify !== '' && !/^https?:\/\//i.test(notify)) return { problem: 'A webhook is an http or https URL.', field: 'notify' }
  if (form.limit !== '' && !(form.limit > 0)) return { problem: 'The limit is a number of minutes above 0.', field: 'limit' }
  const [only] = items
  return {
    wish: {
      ...whom,
      type: form.type,
      op: form.op,
      ...(items.length > 1 ? { items } : (only ?? {})),
      ...(form.op === 'exec' ? { target } : {}),
      ...(form.mechanism === 'auto' || !takesPackages(form.op) ? {} : { mechanism: form.mechanism }),
      ...(form.confirm === 'none' ? {} : { confirm: form.confirm }),
      ...(form.inventory ? {} : { inventory: false }),
      ...(form.op === 'update' && form.reason !== '' ? { reason: form.reason } : {}),
      ...(form.op === 'update' && form.type === 'scomo' && form.updateWay !== 'U1' ? { updateWay: form.updateWay } : {}),
      ...(restarts(form) && form.reboot !== '' ? { reboot: form.reboot } : {}),
      ...(form.correlator.trim() === '' ? {} : { correlator: form.correlator.trim() }),
      ...(form.stopOnError ? { stopOnError: true } : {}),
      ...(form.retryUnknown ? { retryUnknown: true } : {}),
      ...(form.wake ? {} : { wake: false }),
      ...(form.limit === '' ? {} : { limitMs: Math.round(form.limit * 60_000) }),
      ...(notify === '' ? {} : { notify }),
    },
  }
}

function whomOf(form: JobForm): Pick<JobWish, 'device' | 'group' | 'deviceType' | 'filter'> | Extract<Read, { problem: string }> {
  switch (form.whom) {
    case 'device':
      return form.device === '' ? { problem: 'Choose a device.', field: 'device' } : { device: form.device }
    case 'group':
      return form.group === '' ? { problem: 'Choose a group.', field: 'group' } : { group: form.group }
    case 'deviceType':
      return form.man.trim() === '' || form.mod.trim() === ''
        ? { problem: 'A device type is a maker and a model.', field: 'man' }
        : { deviceType: { man: form.man.trim(), mod: form.mod.trim() } }
    case 'filter':
      return form.filter.trim() === ''
        ? { problem: 'Say which devices, for example man == "ACME".', field: 'filter' }
        : { filter: form.filter.trim() }
    default:
      return form.whom satisfies never
  }
}

/** Packages a job of this type can name: of the right kind, not withdrawn. */
export function offered(packages: readonly PackageRow[], type: JobType): readonly PackageRow[] {
  return packages.filter((one) => !one.withdrawn && one.kind === (type === 'fumo' ? 'firmware' : 'software'))
}

/** Components with versions as typed, one a line: `com.msf.antivir 2.1`. */
export function readComponents(text: string): readonly { readonly id: string; readonly version: string }[] {
  return words(text).map((line) => {
    const [id = '', version = ''] = line.split(/\s+/)
    return { id, version }
  })
}

/** Rows with some of them replaced or added, newest first. */
export function withJobs(rows: readonly JobRow[], changed: readonly JobRow[]): readonly JobRow[] {
  const map = new Map(rows.map((row) => [row.id, row]))
  for (const row of changed) map.set(row.id, row)
  return [...map.values()].sort((a, b) => b.createdAt - a.createdAt || (a.id < b.id ? 1 : -1))
}

/** Names as a list; `any` where none is named. */
export const anyOr = (values: readonly string[]): string => (values.length === 0 ? 'any' : values.join(', '))
/** Components with their versions; `none` where there is none. */
export const versions = (values: readonly { readonly id: string; readonly version: string }[]): string =>
  values.length === 0 ? 'none' : values.map((one) => `${one.id} ${one.version}`.trim()).join(', ')
