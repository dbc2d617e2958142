// The tree below ./FwUpdate under the commands of servers: objects and their nodes, what may be written in which State, and the package that hangs on it (fumo sheet 2 to 5).
import { parseAcl } from '../dmtree/acl.ts'
import { TreeError } from '../dmtree/error.ts'
import type { NodeUri } from '../dmtree/uri.ts'
import { FUMO_ID, fumoRow } from '../mo/fumo.ts'
import type { FumoPrimitive } from '../mo/fumo.ts'
import type { Spool } from '../session/ports.ts'
import type { Bulk } from '../syncml/message.ts'
import { Arrivals } from './arrivals.ts'
import type { Desk } from './desk.ts'
import { uriOf } from './leaves.ts'
import type { Path } from './leaves.ts'
import type { StoredFile } from './ports.ts'

/** Root of the objects. */
export const ROOT = 'FwUpdate'
export const PRIMITIVES: readonly FumoPrimitive[] = ['Download', 'Update', 'DownloadAndUpdate']
const URLS: readonly Path[] = [
  ['Download', 'PkgURL'],
  ['DownloadAndUpdate', 'PkgURL'],
]

interface Written {
  readonly path: Path
  readonly value: Uint8Array
  readonly file: StoredFile
}

/** Commands of servers on the tree below ./FwUpdate. */
export abstract class FumoTree {
  protected readonly desk: Desk
  readonly #arrivals: Arrivals
  #written: Written[] = []
  /** Objects whose URL was replaced: their package, if any, goes. */
  #renewed: { readonly path: Path; readonly url: string }[] = []

  constructor(desk: Desk) {
    this.desk = desk
    this.#arrivals = new Arrivals(desk.store)
  }

  enter(): void {
    const { leaves, settings } = this.desk
    leaves.own(() => {
      const fresh = !leaves.has([ROOT])
      const root = leaves.node([ROOT])
      const id = settings.owner
      if (fresh) leaves.tree.setAcl(root, parseAcl(`Add=${id}&Delete=${id}&Exec=${id}&Get=${id}&Replace=${id}`))
      leaves.node([ROOT, settings.firmware], { permanent: true, type: FUMO_ID })
    })
    this.#completeAll()
  }

  covers(path: Path): boolean {
    return path[0] === ROOT
  }

  /** Content of `Update/PkgData` goes to the store as it comes. */
  spool(uri: NodeUri, octets: number, allowed: () => void): Spool | undefined {
    if (uri.path.length !== 4 || uri.path.slice(2).join('/') !== 'Update/PkgData' || uri.prop !== undefined) return undefined
    allowed()
    const path = uri.path.slice(0, 2)
    if (this.held(path)) throw new TreeError(403, `${uri.text} is in use`)
    return this.#arrivals.begin(this.#fileName(path), octets)
  }

  command(kind: 'Add' | 'Replace' | 'Delete' | 'Copy', uri: NodeUri, perform: (as?: 'Replace') => void, bulk?: Bulk): void {
    const { leaves } = this.desk
    const path = uri.path.slice(0, 2)
    const whole = uri.path.length === 2
    const known = leaves.has(path)
    const urls = URLS.map((url) => leaves.text([...path, ...url]))
    perform()
    if (kind === 'Add' && leaves.tree.describe(uri.path) === undefined) throw new TreeError(405, `${uri.text} is no node of this object`)
    if (!leaves.has(path)) {
      if (known && whole && kind === 'Delete' && this.held(path)) throw new TreeError(403, `${uri.text} is in use`)
      return
    }
    if (whole && uri.prop === 'Name' && this.held(path)) throw new TreeError(403, `${uri.text} is in use`)
    this.#completeAll()
    const node = leaves.tree.find([...path, 'Update', 'PkgData'])
    const value = node?.value
    const content = bulk ?? (value instanceof Uint8Array && value.length > 0 ? value : undefined)
    if (content !== undefined) return this.#take(path, content, uri)
    const target = uri.path.slice(2).join('/')
    const url = URLS.find((each, i) => leaves.text([...path, ...each]) !== urls[i] || (target === each.join('/') && kind !== 'Delete'))
    if (known && url !== undefined && uri.prop === undefined) this.#renew(path, url, uri)
  }

  protected state(path: Path): number {
    return this.desk.leaves.number([...path, 'State']) ?? 10
  }

  protected held(path: Path): boolean {
    return this.desk.busy(path) !== undefined || fumoRow(this.state(path))?.url === 403
  }

  #completeAll(): void {
    const { leaves } = this.desk
    for (const name of leaves.names([ROOT])) {
      const path = [ROOT, name]
      if (leaves.has([...path, 'State'])) continue
      leaves.own(() => {
        for (const primitive of PRIMITIVES) leaves.node([...path, primitive])
        for (const url of URLS) leaves.put([...path, ...url], leaves.text([...path, ...url]))
        leaves.put([...path, 'Update', 'PkgData'], leaves.tree.find([...path, 'Update', 'PkgData'])?.value ?? new Uint8Array(0))
        leaves.put([...path, 'State'], 10)
      })
    }
  }

  #fileName(path: Path): string {
    return `${path.at(-1) ?? ''}-${String(++this.desk.state.count)}`
  }

  /** Bytes came whole (F2, F8, F16): one package or one reference. */
  #take(path: Path, content: Uint8Array | Bulk, uri: NodeUri): void {
    const { leaves } = this.desk
    if (this.held(path)) throw new TreeError(403, `${uri.text} is in use`)
    const bytes = content instanceof Uint8Array ? content : new Uint8Array(0)
    const file = content instanceof Uint8Array ? this.#arrivals.put(this.#fileName(path), content) : this.#arrivals.take(content)
    if (file === undefined) throw new TreeError(500, `nobody spooled ${uri.text}`)
    const value = new Uint8Array(0)
    leaves.own(() => {
      leaves.tree.setValue(leaves.put([...path, 'Update', 'PkgData'], bytes), value)
      for (const url of URLS) leaves.put([...path, ...url], '')
      this.name(path, '')
      leaves.put([...path, 'State'], 50)
    })
    this.#written.push({ path, value, file })
  }

  /** A new URL (F8): back to 10, what waited is dropped. */
  #renew(path: Path, url: Path, uri: NodeUri): void {
    const { leaves } = this.desk
    if (this.held(path)) throw new TreeError(403, `${uri.text} is in use`)
    leaves.own(() => leaves.put([...path, 'State'], 10))
    this.#renewed.push({ path, url: leaves.text([...path, ...url]) })
  }

  settled(): void {
    const { leaves, state, store } = this.desk
    this.#arrivals.settled()
    for (const { path } of this.#renewed.splice(0)) if (this.state(path) === 10) this.release(uriOf(path))
    for (const { path, value, file } of this.#written.splice(0)) {
      const uri = uriOf(path)
      const stands = leaves.tree.find([...path, 'Update', 'PkgData'])?.value === value
      const old = stands ? state.files[uri] : file
      if (old !== undefined) store.drop(old.file)
      if (!stands) continue
      state.files[uri] = file
      this.desk.moved()
      this.desk.log('deliver', `${uri} holds ${String(file.size)} bytes, SHA-256 ${file.sha256}`)
    }
    for (const uri of Object.keys(state.files)) if (uri.startsWith(`./${ROOT}/`) && !leaves.has(uri.slice(2).split('/'))) this.release(uri)
  }

  protected release(uri: string): void {
    this.desk.release(uri, `package of ${uri} is gone`)
  }

  /** PkgName and PkgVersion from the file's name, `name-version.ext`. */
  protected name(path: Path, url: string): void {
    const file = /([^/?#]+?)(\.\w{1,8})?(?:[?#].*)?$/.exec(url)?.[1] ?? ''
    const [, name = file, version = ''] = /^(.*?)[-_]v?(\d[\w.]*)$/.exec(file) ?? []
    this.desk.leaves.tell([...path, 'PkgName'], name)
    this.desk.leaves.tell([...path, 'PkgVersion'], version)
  }
}
