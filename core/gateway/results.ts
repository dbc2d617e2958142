// Values in the Results that a fan-out brought back (return format 3): our own short form, and Results as a device wrote them. Pure.
import { decodeTree } from '../syncml/codec.ts'
import type { Element } from '../syncml/element.ts'

/** A leaf a device told. */
export interface ToldValue {
  readonly uri: string
  readonly data: string
}

const utf8 = new TextEncoder()
const child = (element: Element | undefined, name: string): Element | undefined => element?.children.find((each) => each.name === name)
const textOf = (element: Element | undefined): string => element?.text ?? ''

/** The leaves of one Results element: Source and Data in it, or in each of its Items. */
function leaves(results: Element): ToldValue[] {
  const items = results.children.filter(({ name }) => name === 'Item')
  return (items.length === 0 ? [results] : items).flatMap((item) => {
    const source = child(item, 'Source') ?? child(results, 'SourceRef')
    const uri = (textOf(child(source, 'LocURI')) || textOf(source)).trim()
    return uri === '' ? [] : [{ uri, data: textOf(child(item, 'Data')) }]
  })
}

/** Reads what stands beside Statuses in a record, or in a report; nothing where it cannot be read. */
export function valuesIn(xml: string): readonly ToldValue[] {
  if (!xml.includes('<Results')) return []
  try {
    const { root } = decodeTree(utf8.encode(`<Told>${xml}</Told>`), 'xml')
    return root.children.filter(({ name }) => name === 'Results').flatMap(leaves)
  } catch {
    return []
  }
}
