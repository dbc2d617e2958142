// A policy that speaks a device's dialect: what it wants is asked under the device's names, what the device says is heard under those of the documents.
import type { DialectView } from '../api.ts'
import type { CommandOutcome, Policy, SessionView, Work } from '../server/policy.ts'
import type { AlertRecord, OrderOutcome } from '../server/records.ts'
import type { Address, Command, Item } from '../syncml/message.ts'

/** Names of one device, both ways. */
export interface Names {
  toDevice(uri: string): string
  toDocument(uri: string): string
  alert(type: string): string
  /** False where nothing differs. */
  readonly differs: boolean
}

/** Of a device without a dialect. */
export const PLAIN: Names = { differs: false, toDevice: (uri) => uri, toDocument: (uri) => uri, alert: (type) => type }

/** Node names of a view below the root each object has; `root` tells where it stands ('' unknown: its nodes keep their names). */
export function namesOf(view: DialectView, root: (object: string) => string): Names {
  const nodes = Object.entries(view.nodes).flatMap(([key, own]) => {
    const [, object = '', path = ''] = /^([^:]*):(.*)$/.exec(key) ?? []
    const base = root(object)
    return base === '' ? [] : [{ base, path: path.split('/'), own }]
  })
  // Deeper ones first: each sees the documents' names above it.
  nodes.sort((a, b) => b.path.length - a.path.length)
  const alerts = new Map(Object.entries(view.alerts).map(([document, own]) => [own.toLowerCase(), document]))
  const below = (uri: string, base: string): string[] | null => (uri.startsWith(`${base}/`) ? uri.slice(base.length + 1).split('/') : null)
  return {
    differs: nodes.length > 0 || alerts.size > 0,
    alert: (type) => alerts.get(type.trim().toLowerCase()) ?? type,
    toDevice: (uri) =>
      onPath(uri, (path) => {
        let now = path
        for (const node of nodes) {
          const parts = below(now, node.base)
          if (parts === null || !startsWith(parts, node.path)) continue
          now = `${node.base}/${parts.with(node.path.length - 1, node.own).join('/')}`
        }
        return now
      }),
    toDocument: (uri) =>
      onPath(uri, (path) => {
        let now = path
        for (const node of nodes.toReversed()) {
          const parts = below(now, node.base)
          const above = node.path.slice(0, -1)
          if (parts === null || !startsWith(parts, above) || parts[above.length] !== node.own) continue
          now = `${node.base}/${parts.with(above.length, node.path.at(-1) ?? '').join('/')}`
        }
        return now
      }),
  }
}

/** `*` and `<X>` stand for any name. */
function startsWith(parts: readonly string[], path: readonly string[]): boolean {
  return path.length <= parts.length && path.every((name, i) => name === '*' || /^<.*>$/.test(name) || name === parts[i])
}

function onPath(uri: string, change: (path: string) => string): string {
  const at = uri.indexOf('?')
  return at < 0 ? change(uri) : `${change(uri.slice(0, at))}${uri.slice(at)}`
}

/** The same policy in the dialect of each device. */
export function speaking(policy: Policy, names: (device: string) => Names): Policy {
  /** What was asked for, by what was sent. */
  const meant = new WeakMap<Command, Command>()
  const heard = (of: Names, outcome: CommandOutcome): CommandOutcome => {
    const command = meant.get(outcome.command)
    if (command === undefined) return outcome
    return { ...outcome, command, outcomes: outcome.outcomes.map((one) => heardOne(of, one)) }
  }
  return {
    next: (view: SessionView, outcomes) => {
      const of = names(view.device)
      const works = policy.next(
        view,
        outcomes.map((outcome) => heard(of, outcome)),
      )
      if (!of.differs) return works
      return works.map((work): Work => ({
        ...work,
        commands: work.commands.map((command) => {
          const said = translated(command, of)
          if (said !== command) meant.set(said, command)
          return said
        }),
      }))
    },
    waits: (device) => policy.waits?.(device) === true,
    ...(policy.alert === undefined
      ? {}
      : {
          alert: (view: SessionView, alert: AlertRecord) => {
            const of = names(view.device)
            return policy.alert?.(view, of.differs ? heardAlert(of, alert) : alert)
          },
        }),
    ...(policy.ended === undefined
      ? {}
      : {
          ended: (view, end, outcomes) => {
            const of = names(view.device)
            policy.ended?.(
              view,
              end,
              outcomes.map((outcome) => heard(of, outcome)),
            )
          },
        }),
  }
}

function heardOne(of: Names, one: OrderOutcome): OrderOutcome {
  const uri = of.toDocument(one.uri)
  if (one.format !== 'node') return uri === one.uri ? one : { ...one, uri }
  return { ...one, uri, data: listedNames(of, one.uri, one.data) }
}

/** The children that an interior node at `uri` named, under the names of the documents. */
export function listedNames(of: Names, uri: string, data: string): string {
  return data
    .split('/')
    .map((name) => {
      const child = of.toDocument(`${uri.replace(/\?.*$/, '')}/${name}`)
      return name === '' ? name : child.slice(child.lastIndexOf('/') + 1)
    })
    .join('/')
}

function heardAlert(of: Names, alert: AlertRecord): AlertRecord {
  return {
    ...alert,
    items: alert.items.map((item) => ({
      ...item,
      type: of.alert(item.type),
      source: of.toDocument(item.source),
      ...(item.target === undefined ? {} : { target: of.toDocument(item.target) }),
    })),
  }
}

/** The same command under the device's names; the very same object where none differs. */
function translated(command: Command, of: Names): Command {
  if ('commands' in command) {
    const children = command.commands.map((child) => translated(child, of))
    return children.every((child, i) => child === command.commands[i]) ? command : ({ ...command, commands: children } as Command)
  }
  if (!('items' in command) || command.kind === 'Status' || command.kind === 'Results') return command
  const items = command.items.map((item) => inItem(item, of))
  return items.every((item, i) => item === command.items[i]) ? command : ({ ...command, items } as Command)
}

function inItem(item: Item, of: Names): Item {
  const loc = (one: Address | undefined): Address | undefined => {
    const locUri = one === undefined ? '' : of.toDevice(one.locUri)
    return one === undefined || locUri === one.locUri ? one : { ...one, locUri }
  }
  const target = loc(item.target)
  const source = loc(item.source)
  if (target === item.target && source === item.source) return item
  return { ...item, ...(target === undefined ? {} : { target }), ...(source === undefined ? {} : { source }) }
}
