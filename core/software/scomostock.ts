// What the device itself writes below ./SCOMO: packages it fetched, components it has, numbers after a restart; and its final alert (scomo sheet 3.4, 5, 7.2).
import { SCOMO_COMPLETE, completeText } from '../mo/alerts.ts'
import type { Place } from '../mo/scomo.ts'
import type { Alert, Item } from '../syncml/message.ts'
import { finalAlert } from './desk.ts'
import { nodeName, uriOf } from './leaves.ts'
import type { Path } from './leaves.ts'
import type { InstalledComponent } from './ports.ts'
import type { Order } from './state.ts'
import { ScomoTree, DELIVERED, DEPLOYED, PLACES, whereIs } from './scomotree.ts'

/** Leaves a package takes along from Download to Delivered. */
const COPIED = ['PkgID', 'Name', 'Description', 'InstallParams', 'Reboot', 'EnvType', 'PkgType'] as const

/** What the device itself puts below ./SCOMO, and how it tells of it. */
export abstract class ScomoStock extends ScomoTree {
  protected identifier(uri: string): string {
    const path = uri.slice(2).split('/')
    const at = whereIs(path)
    return this.desk.leaves.text([...path, at?.place === 'Deployed' ? 'ID' : 'PkgID'])
  }

  /** The package an order fetched, as a node of its own (scomo sheet 3.4 rule 5). Its path. */
  protected deliver(order: Order, now: { readonly state: number; readonly status: number }): Path {
    const { leaves, state } = this.desk
    const name = order.path.at(-1) ?? ''
    let free = name
    for (let n = 1; leaves.has([...DELIVERED, free]); n++) free = `${name}_${String(n)}`
    const path = [...DELIVERED, free]
    leaves.own(() => {
      leaves.node(path)
      for (const leaf of COPIED) leaves.tell([...path, leaf], this.leaf(order, leaf))
      if (!leaves.has([...path, 'InstallParams'])) leaves.tell([...path, 'InstallParams'], order.installParam)
      leaves.put([...path, 'PkgID'], this.leaf(order, 'PkgID'))
      leaves.put([...path, 'Data'], new Uint8Array(0))
      leaves.put([...path, 'Status'], now.status)
      leaves.put([...path, 'State'], now.state)
      this.primitives('Delivered', path)
    })
    if (order.file !== null) state.files[uriOf(path)] = order.file
    order.file = null
    this.desk.moved()
    return path
  }

  /** A component as the installer has it; one node for each ID (C10). `settled`: it was just installed, nothing is left of what failed before. Its URI. */
  deploy(component: InstalledComponent, settled = true): string {
    const { leaves } = this.desk
    const known = leaves.names(DEPLOYED).find((name) => leaves.text([...DEPLOYED, name, 'ID']) === component.id)
    let free = nodeName(component.id)
    for (let n = 1; known === undefined && leaves.has([...DEPLOYED, free]); n++) free = `${nodeName(component.id)}_${String(n)}`
    const path = [...DEPLOYED, known ?? free]
    leaves.own(() => {
      leaves.put([...path, 'ID'], component.id)
      leaves.tell([...path, 'PkgIDRef'], component.pkgId)
      leaves.tell([...path, 'Name'], component.name)
      leaves.tell([...path, 'Description'], component.description)
      leaves.tell([...path, 'Version'], component.version)
      leaves.tell([...path, 'EnvType'], component.envType)
      if (!leaves.has([...path, 'Status']) || (settled && this.desk.busy(path) === undefined)) leaves.put([...path, 'Status'], 10)
      leaves.put([...path, 'State'], component.active ? 20 : 10)
      this.primitives('Deployed', path)
      leaves.tell([...path, 'Ext', 'LastStart'], component.lastStart)
    })
    this.desk.moved()
    return uriOf(path)
  }

  /** The tree says what is installed, whoever installed it (scomo sheet 14.6). */
  sync(components: readonly InstalledComponent[]): void {
    const { leaves } = this.desk
    for (const component of components) this.deploy(component, false)
    const ids = new Set(components.map(({ id }) => id))
    for (const name of leaves.names(DEPLOYED))
      if (!ids.has(leaves.text([...DEPLOYED, name, 'ID'])) && this.desk.busy([...DEPLOYED, name]) === undefined)
        leaves.own(() => leaves.drop([...DEPLOYED, name]))
  }

  /** Numbers that say "under way" while nothing is fall back. */
  sweep(): void {
    const { leaves } = this.desk
    const back: Readonly<Record<Place, Readonly<Record<number, number>>>> = {
      Download: { 30: 20, 35: 20, 50: 60 },
      Delivered: { 30: 20, 40: 50 },
      Deployed: { 30: 20, 50: 40, 70: 60 },
    }
    for (const [place, base] of PLACES)
      for (const name of leaves.names(base)) {
        const path = [...base, name]
        const to = back[place][this.status(path)]
        if (to !== undefined && this.desk.busy(path) === undefined) leaves.own(() => leaves.put([...path, 'Status'], to))
      }
  }

  protected leaf(order: Order, name: string): string {
    return this.desk.leaves.text([...order.path, name])
  }

  protected set(order: Order, status: number): void {
    this.desk.leaves.own(() => this.desk.leaves.put([...order.path, 'Status'], status))
    this.desk.moved()
  }

  /** The final alert (scomo sheet 7.2): one Item for each component. */
  protected alert(order: Order, code: number, targets: readonly string[], identifier?: string): Alert {
    const mark = code < 1300 ? 'informational' : code === 1401 ? 'warning' : 'critical'
    const items = targets.map((target): Item => ({
      target: { locUri: target },
      source: { locUri: order.uri },
      meta: { type: SCOMO_COMPLETE, format: 'xml', mark },
      data: completeText(code, identifier ?? this.identifier(target)),
    }))
    return finalAlert(order.correlator, items)
  }

  protected end(order: Order, code: number, text: string, targets: readonly string[], identifier?: string): void {
    this.desk.end(order, { code, text, alert: this.alert(order, code, targets, identifier) })
  }
}
