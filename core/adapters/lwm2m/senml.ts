// Values in the JSON forms of LwM2M, SenML (RFC 8428, LwM2M 1.1) and the older one of LwM2M 1.0, and in CBOR: SenML and LwM2M's own (1.2). Values by path out; anything else is a SenmlError.
import { wordsOf } from '../../syncml/text.ts'
import { CborError, readCbor } from './cbor.ts'
import type { Cbor } from './cbor.ts'

/** One value: path, and text, number, truth or octets (base64url). */
export interface Named {
  readonly path: string
  readonly value: string | number | bigint | boolean | Uint8Array
  readonly opaque: boolean
}

export class SenmlError extends Error {}

/** Most records one message may have. */
const MOST = 10_000

/** Reads either form; `base` is the path that was asked for, for names that are relative to it. */
export function readJson(text: string, base: string): readonly Named[] {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch (error) {
    throw new SenmlError(`no JSON: ${wordsOf(error)}`)
  }
  return readRecords(parsed, base)
}

/** Labels of SenML in CBOR as names of its JSON (RFC 8428 table 6, LwM2M 1.1 clause 7.4.5). */
const LABELS: ReadonlyMap<Cbor, string> = new Map([
  [-2, 'bn'],
  [0, 'n'],
  [2, 'v'],
  [3, 'vs'],
  [4, 'vb'],
  [8, 'vd'],
])

/** SenML in CBOR. */
export function readSenmlCbor(bytes: Uint8Array, base: string): readonly Named[] {
  const records = cborOf(bytes)
  if (!Array.isArray(records)) throw new SenmlError('no list of records')
  const named = (records as readonly Cbor[]).map((record) => {
    if (!(record instanceof Map)) throw new SenmlError('a record is no map')
    const entries = [...(record as ReadonlyMap<Cbor, Cbor>)]
    return Object.fromEntries(
      entries.flatMap(([label, value]) => (LABELS.has(label) || label === 'vlo' ? [[LABELS.get(label) ?? 'vlo', value]] : [])),
    )
  })
  return readRecords(named, base)
}

/** One value in CBOR. */
export function readOneCbor(bytes: Uint8Array): Named['value'] {
  return plain(cborOf(bytes))
}

/** CBOR of LwM2M 1.2: maps in maps, keys numbers of the path, or several of them in a list (clause 7.4.6). */
export function readLwm2mCbor(bytes: Uint8Array): readonly Named[] {
  const walk = (value: Cbor, path: string): readonly Named[] => {
    if (!(value instanceof Map)) return [{ path, value: plain(value), opaque: value instanceof Uint8Array }]
    return [...(value as ReadonlyMap<Cbor, Cbor>)].flatMap(([key, inner]) =>
      walk(inner, `${path}/${Array.isArray(key) ? key.join('/') : String(key)}`),
    )
  }
  const whole = cborOf(bytes)
  if (!(whole instanceof Map)) throw new SenmlError('no map of paths')
  return walk(whole, '')
}

function cborOf(bytes: Uint8Array): Cbor {
  try {
    return readCbor(bytes)
  } catch (error) {
    if (error instanceof CborError) throw new SenmlError(`no CBOR: ${error.message}`)
    throw error
  }
}

function plain(value: Cbor): Named['value'] {
  if (value === null || Array.isArray(value) || value instanceof Map) throw new SenmlError('a value is neither text, number, truth nor octets')
  return value as Named['value']
}

function readRecords(parsed: unknown, base: string): readonly Named[] {
  const old = parsed !== null && typeof parsed === 'object' && !Array.isArray(parsed)
  const records = old ? (parsed as { e?: unknown }).e : parsed
  if (!Array.isArray(records)) throw new SenmlError(old ? 'e is missing' : 'neither a list of records nor an object')
  if (records.length > MOST) throw new SenmlError(`${records.length} records are too many`)
  let prefix = old ? String((parsed as { bn?: unknown }).bn ?? base) : ''
  const values: Named[] = []
  for (const record of records as unknown[]) {
    if (record === null || typeof record !== 'object') throw new SenmlError('a record is no object')
    const fields = record as Readonly<Record<string, unknown>>
    if (typeof fields['bn'] === 'string') prefix = fields['bn']
    const name = typeof fields['n'] === 'string' ? fields['n'] : ''
    const value = fields['vs'] ?? fields['sv'] ?? fields['v'] ?? fields['vb'] ?? fields['bv'] ?? fields['vd'] ?? fields['ov'] ?? fields['vlo']
    if (value === undefined) continue
    if (!['string', 'number', 'bigint', 'boolean'].includes(typeof value) && !(value instanceof Uint8Array))
      throw new SenmlError('a value is neither text, number nor truth')
    values.push({ path: joined(prefix, name, old), value: value as Named['value'], opaque: fields['vd'] !== undefined })
  }
  return values
}

/** SenML puts base name and name together as they stand; the older form means a path below the base. */
function joined(base: string, name: string, old: boolean): string {
  const path = old && base !== '' && name !== '' && !base.endsWith('/') && !name.startsWith('/') ? `${base}/${name}` : base + name
  return path.startsWith('/') ? path : `/${path}`
}

/** SenML of values below one path. */
export function writeSenml(base: string, values: readonly { readonly name: string; readonly value: string | number | boolean }[]): string {
  return JSON.stringify(
    values.map(({ name, value }, i) => ({
      ...(i === 0 ? { bn: base.endsWith('/') || name === '' ? base : `${base}/` } : {}),
      ...(name === '' ? {} : { n: name }),
      ...(typeof value === 'string' ? { vs: value } : typeof value === 'number' ? { v: value } : { vb: value }),
    })),
  )
}
