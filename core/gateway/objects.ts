// The five management objects as descriptions for a tree, made from the tables; nodes get there what the tables say and nothing else.
import type { Described, Occurrence } from '../dmtree/describe.ts'
import { described, interior } from '../dmtree/describe.ts'
import type { Access } from '../dmtree/node.ts'
import type { Format } from '../dmtree/value.ts'
import { NODES, OBJECTS } from '../mo/gwmo.ts'
import type { GatewayNode, GatewayObject } from '../mo/gwmo.ts'

const OCCURRENCE: Readonly<Record<GatewayNode['occurrence'], Occurrence>> = {
  '1': { least: 1, most: 1 },
  '?': { least: 0, most: 1 },
  '*': { least: 0, most: Infinity },
}

/** Nodes the gateway or the server makes at run time are dynamic, the frame of an object is permanent. */
function frame(path: string): boolean {
  return !path.includes('*')
}

function describe(rows: readonly GatewayNode[], at: string, root: { readonly name: string; readonly path: string; readonly id: string }): Described {
  const row = rows.find(({ path }) => path === at)
  if (row === undefined) throw new Error(`the table has no node ${at}`)
  const depth = at === '' ? 0 : at.split('/').length
  const children = rows.filter(({ path }) => path !== '' && path.split('/').length === depth + 1 && (at === '' || path.startsWith(`${at}/`)))
  const last = at.split('/').at(-1) ?? ''
  return described({
    name: at === '' ? root.name : last === '*' ? '' : last,
    path: at === '' ? root.path : '',
    ddfName: at === '' ? root.id : '',
    formats: [row.format as Format],
    access: new Set(row.access.split(' ') as Access[]),
    permanent: frame(at) && row.occurrence === '1',
    occurrence: OCCURRENCE[row.occurrence],
    title: at === '' ? row.text : '',
    text: row.text,
    children: children.map(({ path }) => describe(rows, path, root)),
  })
}

/** `./GwMO` with its five objects. */
export const gatewayObjects: readonly Described[] = [
  interior(
    'GwMO',
    'Get',
    (Object.keys(OBJECTS) as GatewayObject[]).map((object) => {
      const { id, root } = OBJECTS[object]
      return describe(NODES[object], '', { name: root.split('/').at(-1) ?? '', path: '', id })
    }),
    { path: '.', permanent: true, title: 'Gateway management objects' },
  ),
]
