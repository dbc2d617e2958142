// Which steps are decided by names or numbers that are INFERRED, as the table of the gateway's objects marks them. It reads predicates as words and judges nothing.
import { ALERTS, NODES, OBJECTS, STATES } from '../mo/gwmo.ts'
import type { GatewayObject } from '../mo/gwmo.ts'
import { isInferred } from '../mo/mark.ts'

/** A URI of a predicate with its names at run time as '*': `./GwMO/Images/Images/PKG1/ImageID` and the like, also as regular expressions write them. */
const URI = /\.\/GwMO(?:\/[\w*-]+)+/g

function nodesIn(decides: string): string[] {
  const uris = decides.replaceAll('[.]', '.').replaceAll('[^/]+', '*').match(URI) ?? []
  return uris.flatMap((uri) => {
    const found = (Object.keys(OBJECTS) as GatewayObject[]).find((name) => uri.startsWith(`${OBJECTS[name].root}/`))
    if (found === undefined) return []
    const [list = '', , ...rest] = uri.slice(OBJECTS[found].root.length + 1).split('/')
    const path = [list, '*', ...rest].join('/')
    const node = NODES[found].find((each) => each.path === path)
    return node !== undefined && isInferred(node.mark) ? [`node ${OBJECTS[found].root}/${path}`] : []
  })
}

function alertsIn(decides: string): string[] {
  return Object.values(ALERTS).flatMap(({ type, mark }) => {
    if (!decides.includes(`"${type}"`)) return []
    const short = type.split(':').slice(-2).join(':')
    // Of the registered types only the purpose is published.
    return isInferred(mark) ? [`alert type ${short}`] : [`content of the alert ${short}`]
  })
}

/** What a step rests on that no text read confirms; empty where everything is confirmed. `decides` is `wordsOf` its predicate. */
export function inferredIn(decides: string): readonly string[] {
  const states = /event gateway\.response/.test(decides) && isInferred(STATES.response.mark) ? ['states of responses'] : []
  const images = /event gateway\.image/.test(decides) && isInferred(STATES.image.mark) ? ['states of images'] : []
  return [...new Set([...alertsIn(decides), ...nodesIn(decides), ...states, ...images])]
}
