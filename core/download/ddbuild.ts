// Writes OMA Download descriptors 1.0 and 2.0 in the element order of the sheet (download sheet 3.1, 5); what XML or the version cannot carry is refused.
import { isXmlText } from '../syncml/text.ts'
import { DD1_TYPE, DD2_TYPE } from './dd.ts'
import type { Descriptor, DescriptorObject } from './dd.ts'

const DD_NAMESPACE = 'http://www.openmobilealliance.org/xmlns/dd'
/** Namespace of the one element of ours: `sha256`, the object's digest in hexadecimal. INFERRED, ignored by others. */
const LAB_NAMESPACE = 'urn:x-dm-lab:dd'

/** What a descriptor is built from; whatever is left out does not appear. */
export type DescriptorWish = Partial<Omit<Descriptor, 'objects' | 'ignored'>> & {
  readonly objects: readonly (Pick<DescriptorObject, 'types' | 'size' | 'uris'> & Partial<DescriptorObject>)[]
}

/** Content type of a built descriptor. */
export const typeOf = (version: Descriptor['version']): string => (version === '2.0' ? DD2_TYPE : DD1_TYPE)

/** Writes a descriptor in the element order of the sheet. Throws an Error for what XML or the version cannot carry. */
export function buildDescriptor(wish: DescriptorWish): string {
  return wish.version === '2.0' ? build2(wish) : build1(wish)
}

function build1(wish: DescriptorWish): string {
  const [object, more] = wish.objects
  if (object === undefined || more !== undefined) throw new Error('a descriptor 1.0 names exactly one object')
  if (object.uris.length !== 1) throw new Error('a descriptor 1.0 names exactly one address')
  const lines = [
    line(1, 'DDVersion', '1.0'),
    ...object.types.map((type) => line(1, 'type', type)),
    line(1, 'size', String(object.size)),
    line(1, 'objectURI', object.uris[0]),
    line(1, 'installNotifyURI', wish.installNotifyUri),
    line(1, 'name', wish.name),
    line(1, 'vendor', wish.vendor),
    line(1, 'description', wish.description),
    line(1, 'infoURL', wish.infoUrl),
    line(1, 'iconURI', wish.iconUri),
    line(1, 'nextURL', wish.nextUrl),
    line(1, 'installParam', wish.installParam),
    digestLine(1, object.sha256),
  ]
  return document(`<media xmlns="${DD_NAMESPACE}">`, lines)
}

function build2(wish: DescriptorWish): string {
  const objects = wish.objects.flatMap((object) => [
    '    <mediaObject>\n',
    line(3, 'size', String(object.size)),
    line(3, 'installSize', object.installSize === undefined || object.installSize === null ? '' : String(object.installSize)),
    ...object.types.map((type) => line(3, 'type', type)),
    line(3, 'objectID', object.objectId),
    line(3, 'objectVersion', object.objectVersion),
    '      <objectURI>\n',
    ...object.uris.map((uri) => line(4, 'server', uri)),
    '      </objectURI>\n',
    line(3, 'order', object.order === undefined ? '' : String(object.order)),
    digestLine(3, object.sha256),
    '    </mediaObject>\n',
  ])
  const meta = [
    line(3, 'name', wish.name),
    line(3, 'description', wish.description),
    line(3, 'infoURL', wish.infoUrl),
    line(3, 'installParam', wish.installParam),
    line(3, 'installNotifyURI', wish.installNotifyUri),
    line(3, 'downloadNotifyURI', wish.downloadNotifyUri),
    line(3, 'suppressUserConfirmation', wish.suppressUserConfirmation === true ? 'true' : ''),
    line(3, 'environment', wish.environment),
    line(3, 'icon', wish.iconUri),
  ]
  const vendor = wish.vendor === undefined || wish.vendor === '' ? [] : ['  <vendor>\n', line(2, 'name', wish.vendor), '  </vendor>\n']
  const product = ['  <product>\n', '    <meta>\n', ...meta, '    </meta>\n', ...objects, '  </product>\n']
  return document(`<media xmlns="${DD_NAMESPACE}" DDVersion="2.0">`, [...vendor, ...product, line(1, 'nextURL', wish.nextUrl)])
}

const document = (start: string, lines: readonly string[]): string => `<?xml version="1.0" encoding="UTF-8"?>\n${start}\n${lines.join('')}</media>\n`

function line(depth: number, name: string, text: string | undefined): string {
  return text === undefined || text === '' ? '' : `${'  '.repeat(depth)}<${name}>${escaped(text, name)}</${name}>\n`
}

function digestLine(depth: number, sha256: string | undefined): string {
  return sha256 === undefined || sha256 === '' ? '' : `${'  '.repeat(depth)}<sha256 xmlns="${LAB_NAMESPACE}">${sha256}</sha256>\n`
}

function escaped(text: string, name: string): string {
  if (!isXmlText(text)) throw new Error(`${name} holds characters that XML cannot carry`)
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
