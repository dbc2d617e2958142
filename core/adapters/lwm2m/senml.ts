// Values in the two JSON forms of LwM2M: SenML (RFC 8428, LwM2M 1.1) and the older one of LwM2M 1.0. Text in, values by path out; anything else is a SenmlError.
import { wordsOf } from '../../syncml/text.ts'

/** One value: path, and text, number, truth or octets (base64url). */
export interface Named {
  readonly path: string
  readonly value: string | number | boolean
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
    if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean')
      throw new SenmlError('a value is neither text, number nor truth')
    values.push({ path: joined(prefix, name, old), value, opaque: fields['vd'] !== undefined })
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
