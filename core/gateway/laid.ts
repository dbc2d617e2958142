// What a server lays down at a gateway besides jobs and images: triggers, and configuration for end devices (gwmo sheet 3.2, 3.6). Kept, and made again.
import type { Value } from '../dmtree/value.ts'
import { base64, fromBase64 } from '../syncml/text.ts'
import { TRIGGERS, within } from './branch.ts'
import type { Branch } from './branch.ts'

/** Where configuration for end devices lies. */
export const CONFIGS = ['GwMO', 'Config', 'EDConfig']
const ROOTS = { trigger: TRIGGERS, config: CONFIGS } as const
/** What the gateway makes itself. */
const OWN = new Set(['Operations', 'Result'])

/** One node of these. */
export interface Laid {
  readonly kind: keyof typeof ROOTS
  readonly name: string
  readonly path: readonly string[]
}

/** Its leaves as they are kept: text, or octets in base64. */
export interface KeptLaid {
  readonly server: string
  readonly leaves: Readonly<Record<string, string | { readonly base64: string }>>
}

/** The node a path is at or below; null where it is at none. */
export function laidAt(path: readonly string[]): Laid | null {
  const kind = within(path, TRIGGERS) ? 'trigger' : within(path, CONFIGS) ? 'config' : null
  if (kind === null || path.length <= ROOTS[kind].length) return null
  const end = ROOTS[kind].length + 1
  return { kind, name: path[end - 1] ?? '', path: path.slice(0, end) }
}

/** Its id among what is kept, and back. */
export const laidId = ({ kind, name }: Pick<Laid, 'kind' | 'name'>): string => `${kind} ${name}`
export function laidOf(id: string): Laid | null {
  const [kind = '', name = ''] = [id.slice(0, id.indexOf(' ')), id.slice(id.indexOf(' ') + 1)]
  return kind === 'trigger' || kind === 'config' ? { kind, name, path: [...ROOTS[kind], name] } : null
}

/** The server that made a node owns it; a trigger can be pulled. */
export function fillLaid(branch: Branch, { kind, path }: Laid, server: string): void {
  branch.own(path, server, () => {
    if (kind === 'trigger') branch.leaf([...path, 'Operations', 'Trigger'], '')
  })
}

/** What is kept of it; null where it is gone. */
export function writtenLaid(branch: Branch, { path }: Laid): KeptLaid | null {
  const node = branch.find(path)
  if (node === null) return null
  const kept = (value: Value): KeptLaid['leaves'][string] => (typeof value === 'string' ? value : { base64: base64(value) })
  const leaves = [...(node.children?.values() ?? [])].filter(({ name, children }) => children === null && !OWN.has(name))
  return { server: node.acl?.get('Get')?.[0] ?? '', leaves: Object.fromEntries(leaves.map(({ name, value }) => [name, kept(value ?? '')])) }
}

/** Makes it again. */
export function restoreLaid(branch: Branch, laid: Laid, { server, leaves }: KeptLaid): void {
  branch.interior(laid.path)
  fillLaid(branch, laid, server)
  for (const [name, value] of Object.entries(leaves))
    branch.leaf([...laid.path, name], typeof value === 'string' ? value : (fromBase64(value.base64) ?? new Uint8Array(0)))
}

/** Documents (TNDS) that are kept for a device: by its DeviceID, or by a group that it is in (`group:` and the GroupID). */
export function configsFor(branch: Branch, deviceId: string, members: (group: string) => readonly string[] | undefined): readonly string[] {
  return branch.children(CONFIGS).flatMap(({ name }) => {
    const target = branch.text([...CONFIGS, name, 'Target'])
    const fits = target.startsWith('group:') ? (members(target.slice(6)) ?? []).includes(deviceId) : target === deviceId
    const data = branch.text([...CONFIGS, name, 'Data'])
    return fits && data !== '' ? [data] : []
  })
}
