// Messages of a device that speaks a dialect, read under the names of the documents: for whatever knows only those. Bytes and rows stay as they are.
import type { DialectView } from '../api.ts'
import type { Address, Command, Item, Message } from '../syncml/message.ts'
import { listedNames, namesOf } from './dialectpolicy.ts'
import type { Names } from './dialectpolicy.ts'

/** Where the documents' flows have an object, as far as they name a place at all. */
const ROOTS: Readonly<Record<string, string>> = { scomo: './SCOMO' }

/** What a dialect means for whoever reads a device's messages. */
export interface Speech {
  /** Node and alert names; roots stay where the device has them. */
  readonly names: Names
  /** The same, with roots where the documents have them. */
  readonly rooted: Names
  /** Roots that the file names, by the object's short name. */
  readonly roots: Readonly<Record<string, string>>
}

/** Speech of a view; null where nothing differs from the documents. */
export function speechOf(view: DialectView): Speech | null {
  const names = namesOf(view, (object) => view.roots[object] ?? '')
  if (!names.differs && Object.keys(view.roots).length === 0) return null
  return { names, rooted: rootedIn(names, view.roots), roots: view.roots }
}

function rootedIn(names: Names, roots: DialectView['roots']): Names {
  const pairs = Object.entries(roots).flatMap(([object, own]) => {
    const document = ROOTS[object]
    return document === undefined || document === own ? [] : [{ own, document }]
  })
  const moved = (uri: string, from: 'own' | 'document', to: 'own' | 'document'): string => {
    const pair = pairs.find((each) => uri === each[from] || uri.startsWith(`${each[from]}/`) || uri.startsWith(`${each[from]}?`))
    return pair === undefined ? uri : `${pair[to]}${uri.slice(pair[from].length)}`
  }
  return {
    differs: names.differs || pairs.length > 0,
    alert: (type) => names.alert(type),
    toDocument: (uri) => moved(names.toDocument(uri), 'own', 'document'),
    toDevice: (uri) => names.toDevice(moved(uri, 'document', 'own')),
  }
}

/** The message as a device without a dialect would have said or been told it; the very same where nothing differs. */
export function inDocuments(message: Message, of: Names): Message {
  return of.differs ? { ...message, commands: message.commands.map((command) => commandIn(command, of)) } : message
}

function commandIn(command: Command, of: Names): Command {
  if ('commands' in command) return { ...command, commands: command.commands.map((child) => commandIn(child, of)) } as Command
  if (command.kind === 'Other') return command
  const items = command.items.map((item) => itemIn(item, of, command.kind === 'Results'))
  if (command.kind === 'Status')
    return {
      ...command,
      items,
      targetRefs: command.targetRefs.map((uri) => of.toDocument(uri)),
      sourceRefs: command.sourceRefs.map((uri) => of.toDocument(uri)),
    }
  if (command.kind === 'Results')
    return {
      ...command,
      items,
      ...(command.targetRef === undefined ? {} : { targetRef: of.toDocument(command.targetRef) }),
      ...(command.sourceRef === undefined ? {} : { sourceRef: of.toDocument(command.sourceRef) }),
    }
  return { ...command, items } as Command
}

function itemIn(item: Item, of: Names, results: boolean): Item {
  const at = <K extends 'target' | 'source'>(key: K, one: Address | undefined): Partial<Pick<Item, K>> =>
    one === undefined ? {} : ({ [key]: { ...one, locUri: of.toDocument(one.locUri) } } as Partial<Pick<Item, K>>)
  const { meta, data } = item
  const listed = results && meta?.format === 'node' && typeof data === 'string' ? listedNames(of, item.source?.locUri ?? '', data) : data
  return {
    ...item,
    ...at('target', item.target),
    ...at('source', item.source),
    ...(meta?.type === undefined ? {} : { meta: { ...meta, type: of.alert(meta.type) } }),
    ...(listed === undefined ? {} : { data: listed }),
  }
}

/** Short name of the object that a URI lies in, by the roots of a dialect; '' where they say nothing. */
export function objectAt(speech: Speech | null, uri: string): string {
  const path = uri.replace(/\?.*$/, '')
  const found = Object.entries(speech?.roots ?? {}).find(([, root]) => path === root || path.startsWith(`${root}/`))
  return found?.[0] ?? ''
}
