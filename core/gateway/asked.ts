// What the tree below ./GwMO says: configuration, groups, what jobs and images ask for; and those made again as they were kept.
import type { Node } from '../dmtree/node.ts'
import { decodeSegment, encodeSegment } from '../dmtree/uri.ts'
import { DEFAULTS } from '../mo/gwmo.ts'
import type { Mode } from '../mo/gwmo.ts'
import { FANOUT, GROUPS, IMAGES, RECORDS } from './branch.ts'
import { isLinkType, SI_WBXML } from '../notify/si.ts'
import type { LinkType } from '../notify/si.ts'
import type { Branch } from './branch.ts'
import type { TargetWish } from './targets.ts'

/** Nodes become wishes. */
export class Asked {
  readonly #branch: Branch

  constructor(branch: Branch) {
    this.#branch = branch
  }

  config(name: string): string {
    return this.#branch.text(['GwMO', 'Config', ...name.split('/')])
  }

  setConfig(name: string, value: string): void {
    this.#branch.leaf(['GwMO', 'Config', ...name.split('/')], value)
  }

  /** DeviceIDs of a group; undefined for one nobody made. */
  members(group: string): readonly string[] | undefined {
    const node = this.#branch.find([...GROUPS, group])
    if (node === null) return undefined
    return [...(node.children?.get('Members')?.children?.values() ?? [])].map(({ value }) => String(value))
  }

  groups(): readonly { readonly name: string; readonly members: readonly string[] }[] {
    return [...(this.#branch.find(GROUPS)?.children?.keys() ?? [])].map((name) => ({ name, members: this.members(name) ?? [] }))
  }

  putGroup(name: string, members: readonly string[]): void {
    this.#branch.interior([...GROUPS, name, 'Members'])
    members.forEach((member, i) => this.#branch.leaf([...GROUPS, name, 'Members', String(i + 1)], member))
  }

  /** What a job's nodes ask for. */
  job(name: string): {
    readonly wish: TargetWish
    readonly command: string
    /** What each device is pushed instead: a token; '' nothing. */
    readonly push: string
    readonly pushType: LinkType
    readonly imageRef: string
    readonly timeoutMs: number
    readonly intervalMs: number
    readonly returnFormat: number
    readonly autoStart: boolean
  } | null {
    const path = [...FANOUT, name]
    if (this.#branch.find(path) === null) return null
    const text = (leaf: string): string => this.#branch.text([...path, ...leaf.split('/')])
    const list = (node: string): string[] => [...(this.#branch.find([...path, node])?.children?.values() ?? [])].map(({ value }) => String(value))
    const mode = text('TargetMode')
    const pushType = text('PushType')
    return {
      wish: {
        devices: list('TargetDevices'),
        groups: list('TargetGroups'),
        all: text('AllDevices') === 'true',
        mode: mode === '' ? null : (Number(mode) as Mode),
        filter: text('TargetFilter'),
      },
      command: text('Command'),
      push: text('Push'),
      pushType: isLinkType(pushType) ? pushType : SI_WBXML,
      imageRef: text('ImageRef'),
      timeoutMs: Number(text('Aggregation/Timeout') || DEFAULTS.timeout) * 1000,
      intervalMs: Number(text('Aggregation/Interval') || 0) * 1000,
      returnFormat: Number(text('Operations/ReturnFormat') || DEFAULTS.returnFormat),
      autoStart: text('Operations/AutoStart') === 'true',
    }
  }

  jobs(): readonly string[] {
    return [...(this.#branch.find(FANOUT)?.children?.keys() ?? [])]
  }

  /** The node whose ACL decides whether a server may read a device's record. */
  recordNode(localId: string): Node | null {
    return this.#branch.find([...RECORDS, localId])
  }

  /** Leaves a server wrote, by path below the node; for what is kept of jobs and images. */
  written(root: 'job' | 'image', name: string): Readonly<Record<string, string>> {
    const base = root === 'job' ? FANOUT : IMAGES
    const found: Record<string, string> = {}
    const skip = new Set([
      'State',
      'Result',
      'ReportState',
      'Counters',
      'Responses',
      'ImageData',
      'ImageURL',
      'DescriptorURL',
      'Size',
      'Start',
      'Cancel',
      'Download',
    ])
    const collect = (node: Node, path: string): void => {
      for (const child of node.children?.values() ?? []) {
        if (skip.has(child.name)) continue
        const at = path === '' ? encodeSegment(child.name) : `${path}/${encodeSegment(child.name)}`
        if (child.children === null) found[at] = String(child.value)
        else collect(child, at)
      }
    }
    const node = this.#branch.find([...base, name])
    if (node !== null) collect(node, '')
    return found
  }

  /** Makes a job or image again as it was kept. */
  restore(root: 'job' | 'image', name: string, server: string, leaves: Readonly<Record<string, string>>): void {
    const path = [...(root === 'job' ? FANOUT : IMAGES), name]
    this.#branch.interior(path)
    if (root === 'job') this.#newJobNodes(path, server)
    else
      this.#branch.own(path, server, () => {
        this.#branch.leaf([...path, 'ImageData'], new Uint8Array(0))
        this.#branch.leaf([...path, 'Operations', 'Download'], '')
        this.#branch.leaf([...path, 'State'], '10')
      })
    for (const [leaf, value] of Object.entries(leaves)) this.#branch.leaf([...path, ...leaf.split('/').map((part) => decodeSegment(part))], value)
  }

  #newJobNodes(path: readonly string[], server: string): void {
    this.#branch.own(path, server, () => {
      for (const name of ['Aggregation', 'Operations', 'Counters', 'Responses']) this.#branch.interior([...path, name])
      for (const name of ['Start', 'Cancel']) this.#branch.leaf([...path, 'Operations', name], '')
      this.#branch.leaf([...path, 'State'], '10')
      for (const name of ['Targets', 'Succeeded', 'Failed', 'Pending']) this.#branch.leaf([...path, 'Counters', name], '0')
    })
  }
}
