// Payloads of LwM2M by content format: values by path, whatever form they came in, and the forms we write. Any octets give values or a PayloadError.
import { utf8Bytes, utf8Text } from '../../syncml/text.ts'
import { writeCbor } from './cbor.ts'
import type { Cbor } from './cbor.ts'
import { LinkError, readLinks } from './link.ts'
import { FORMATS, ValueError, bytesOf, readPath, resourceRow, textOf } from './model.ts'
import { SenmlError, readJson, readLwm2mCbor, readOneCbor, readSenmlCbor, writeSenml } from './senml.ts'
import type { Named } from './senml.ts'
import { TlvError, multiple, objectInstance, readTlv, resource, resourceInstance, writeTlv } from './tlv.ts'
import type { Tlv } from './tlv.ts'

/** One value: numbers of its path (object, instance, resource, resource instance), and its text as `textOf` has it. */
export interface Value {
  readonly path: readonly number[]
  readonly text: string
}

/** Octets that are not what their content format says. */
export class PayloadError extends Error {}

const rowOf = (path: readonly number[]): ReturnType<typeof resourceRow> => resourceRow(path[0] ?? -1, path[2] ?? -1)

/** Values of a payload; `asked` is the path it answers. Throws PayloadError. */
export function readPayload(format: number, bytes: Uint8Array, asked: readonly number[]): readonly Value[] {
  try {
    switch (format) {
      case FORMATS.tlv:
      case 1542:
        return fromTlv(readTlv(bytes), asked)
      case FORMATS.text:
      case FORMATS.oldText: {
        const text = utf8Text(bytes)
        if (text === null) throw new PayloadError('the text is no UTF-8')
        return [{ path: asked, text: truth(asked, text) }]
      }
      case FORMATS.opaque:
      case FORMATS.oldOpaque:
        return [{ path: asked, text: textOf(rowOf(asked)?.type ?? 'opaque', bytes) }]
      case FORMATS.senmlJson:
      case FORMATS.json:
      case 1543:
      case 50: {
        const text = utf8Text(bytes)
        if (text === null) throw new PayloadError('the JSON is no UTF-8')
        return readJson(text, `/${asked.join('/')}`).map(named)
      }
      case FORMATS.senmlCbor:
        return readSenmlCbor(bytes, `/${asked.join('/')}`).map(named)
      case FORMATS.lwm2mCbor:
        return readLwm2mCbor(bytes).map(named)
      case FORMATS.cbor:
        return [named({ path: `/${asked.join('/')}`, value: readOneCbor(bytes) })]
      default:
        throw new PayloadError(`content format ${format} is not known here`)
    }
  } catch (error) {
    if (error instanceof TlvError || error instanceof ValueError || error instanceof SenmlError) throw new PayloadError(error.message)
    throw error
  }
}

function named({ path, value }: Pick<Named, 'path' | 'value'>): Value {
  const numbers = readPath(path)
  if (numbers === null) throw new PayloadError(`${path.slice(0, 80)} is no path`)
  return { path: numbers, text: value instanceof Uint8Array ? textOf(rowOf(numbers)?.type ?? 'opaque', value) : truth(numbers, String(value)) }
}

/** Booleans travel as 1 and 0 in text. */
function truth(path: readonly number[], text: string): string {
  if (rowOf(path)?.type !== 'boolean') return text
  return text === '1' ? 'true' : text === '0' ? 'false' : text
}

function fromTlv(entries: readonly Tlv[], asked: readonly number[]): readonly Value[] {
  return entries.flatMap((entry): readonly Value[] => {
    switch (entry.kind) {
      case 'objectInstance':
        return fromTlv(entry.children, [asked[0] ?? 0, entry.id])
      case 'multiple':
        return entry.children.map((child) => valueAt([...asked.slice(0, 2), entry.id, child.id], child.value))
      case 'resource':
        return [valueAt([...(asked.length < 2 ? [asked[0] ?? 0, 0] : asked.slice(0, 2)), entry.id], entry.value)]
      case 'resourceInstance':
        return [valueAt([...asked.slice(0, 3), entry.id], entry.value)]
      default:
        return entry.kind satisfies never
    }
  })
}

const valueAt = (path: readonly number[], value: Uint8Array): Value => ({ path, text: textOf(rowOf(path)?.type, value) })

/** TLV of values below a path of one or two numbers: instances as entries where the path names an object alone. Opaque texts are octets already, as hexadecimal. */
export function tlvOf(asked: readonly number[], values: readonly { readonly path: readonly number[]; readonly value: Uint8Array }[]): Uint8Array {
  const instances = new Map<number, Map<number, Tlv>>()
  for (const { path, value } of values) {
    const [, instance = 0, id = 0, at] = path
    const resources = instances.get(instance) ?? new Map<number, Tlv>()
    instances.set(instance, resources)
    if (at === undefined) resources.set(id, resource(id, value))
    else resources.set(id, multiple(id, [...(resources.get(id)?.children ?? []), resourceInstance(at, value)]))
  }
  if (asked.length >= 2) return writeTlv([...instances.values()].flatMap((resources) => [...resources.values()]))
  return writeTlv([...instances].map(([id, resources]) => objectInstance(id, [...resources.values()])))
}

/** Forms in which a new instance can be told, the most common first. */
export const CREATES = [FORMATS.tlv, FORMATS.senmlCbor, FORMATS.senmlJson, FORMATS.json] as const

/** A new instance as the body of a Create: nothing in it in TLV; in the other forms, which name resources alone, one truth. */
export function newInstance(format: (typeof CREATES)[number], object: number, instance: number, truth: number): Uint8Array {
  switch (format) {
    case FORMATS.tlv:
      return writeTlv([objectInstance(instance, [])])
    case FORMATS.senmlCbor:
      return senmlCborOf([{ path: [object, instance, truth], text: 'false' }])
    case FORMATS.senmlJson:
      return senmlOf([{ path: [object, instance, truth], text: 'false' }])
    case FORMATS.json:
      return utf8Bytes(JSON.stringify({ bn: `/${object}/${instance}/`, e: [{ n: String(truth), bv: false }] }))
    default:
      return format satisfies never
  }
}

/** One value as it is written to a resource: octets and their content format. */
export function written(path: readonly number[], text: string): { readonly format: number; readonly bytes: Uint8Array } {
  const type = rowOf(path)?.type
  if (type === 'opaque') return { format: FORMATS.opaque, bytes: utf8Bytes(text) }
  if (type === 'boolean') return { format: FORMATS.text, bytes: utf8Bytes(text === 'true' || text === '1' ? '1' : '0') }
  // Writing proves that it is a value of its type.
  bytesOf(type, text)
  return { format: FORMATS.text, bytes: utf8Bytes(text) }
}

/** The same instance for one who reads no TLV; what is empty is left out. */
export function otherForms(path: readonly number[], tlv: Uint8Array): readonly { readonly format: number; readonly payload: Uint8Array }[] {
  const values = readPayload(FORMATS.tlv, tlv, path).filter(({ text }) => text !== '')
  return [
    { format: FORMATS.senmlCbor, payload: senmlCborOf(values) },
    { format: FORMATS.senmlJson, payload: senmlOf(values) },
  ]
}

/** Numbers, truths and text as their types say. */
function plainOf({ path, text }: Value): number | boolean | string {
  const type = rowOf(path)?.type
  return type === 'integer' || type === 'time' ? Number(text) : type === 'boolean' ? text === 'true' : text
}

/** SenML CBOR of values, each with its whole path (RFC 8428 clause 6). */
export function senmlCborOf(values: readonly Value[]): Uint8Array {
  return writeCbor(
    values.map((each) => {
      const value = plainOf(each)
      const label = typeof value === 'string' ? 3 : typeof value === 'number' ? 2 : 4
      return new Map<Cbor, Cbor>([
        [0, `/${each.path.join('/')}`],
        [label, value],
      ])
    }),
  )
}

/** SenML JSON of values below a path. */
export function senmlOf(values: readonly Value[]): Uint8Array {
  return utf8Bytes(
    writeSenml(
      '/',
      values.map((each) => ({ name: each.path.join('/'), value: plainOf(each) })),
    ),
  )
}

/** Links of a payload; throws PayloadError. */
export function linksOf(bytes: Uint8Array): ReturnType<typeof readLinks> {
  const text = utf8Text(bytes)
  if (text === null) throw new PayloadError('the link list is no UTF-8')
  try {
    return readLinks(text)
  } catch (error) {
    if (error instanceof LinkError) throw new PayloadError(error.message)
    throw error
  }
}
