// Element order other than that of the DTD, as some implementations write it: data says which children come first, everything else keeps its place.
import type { Element } from './element.ts'

/** Names of an element's children that are written first, in this order, by the element's name. Children it does not name follow as they were. */
export type ElementOrder = Readonly<Record<string, readonly string[]>>

/** The same tree with its children in that order. */
export function reordered(element: Element, order: ElementOrder): Element {
  const first = Object.hasOwn(order, element.name) ? (order[element.name] ?? []) : []
  const rank = (child: Element): number => {
    const at = first.indexOf(child.name)
    return at < 0 ? first.length : at
  }
  const children = element.children.map((child) => reordered(child, order))
  return { ...element, children: first.length === 0 ? children : children.sort((a, b) => rank(a) - rank(b)) }
}
