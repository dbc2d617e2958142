// Which management object a command is about: by the types it names, else by the name of a root node. Roots may be called otherwise: then only types tell.
import type { Command } from '../syncml/message.ts'
import { itemsOf } from './facts.ts'

/** Short names by what a type (Meta Type, alert type, Type property) begins with. Source: OMNA DM MO and alert registries. */
const BY_TYPE: readonly (readonly [prefix: RegExp, word: string])[] = [
  [/^urn:oma:mo:oma-([a-z0-9-]+):/i, ''],
  [/^urn:oma:at:(?:oma-)?([a-z0-9-]+):/i, ''],
  [/^org\.openmobilealliance\.dm\.firmwareupdate\b/i, 'fumo'],
  [/^org\.openmobilealliance[/.][0-9.]*[/.]?([a-z0-9-]+)/i, ''],
  [/^(?:urn:oma:mo:oma-dm-|org\.openmobilealliance\/1\.0\/w7|org\.openmobilealliance.dm.)(devinfo|devdetail|dmacc)/i, ''],
]

const ROOTS: Readonly<Record<string, string>> = {
  devinfo: 'devinfo',
  devdetail: 'devdetail',
  dmacc: 'dmacc',
  scomo: 'scomo',
  fumo: 'fumo',
  fw: 'fumo',
  inbox: 'inbox',
  imageinventory: 'gwmo',
  fanout: 'gwmo',
  deviceinventory: 'gwmo',
  gwconfig: 'gwmo',
}

export const MO_WORDS: readonly string[] = ['devinfo', 'devdetail', 'dmacc', 'scomo', 'fumo', 'gwmo', 'inbox']

/** Management objects one command names. */
export function moOf(command: Command): string[] {
  const found = new Set<string>()
  const metas = ['meta' in command ? command.meta : undefined, ...itemsOf(command).map(({ meta }) => meta)]
  for (const meta of metas) if (meta?.type !== undefined) found.add(ofType(meta.type))
  for (const { target, source } of itemsOf(command)) for (const uri of [target?.locUri, source?.locUri]) if (uri !== undefined) found.add(ofUri(uri))
  found.delete('')
  return [...found]
}

function ofType(type: string): string {
  for (const [prefix, word] of BY_TYPE) {
    const match = prefix.exec(type)
    if (match === null) continue
    const name = (word === '' ? (match[1] ?? '') : word).toLowerCase()
    if (name.startsWith('dm-')) return name.slice(3)
    return /gw|imageinventory|fanout|deviceinventory/.test(name) ? 'gwmo' : name
  }
  return ''
}

function ofUri(uri: string): string {
  for (const segment of uri.replace(/\?.*$/, '').split('/').slice(0, 4)) {
    const known = ROOTS[segment.toLowerCase()]
    if (known !== undefined) return known
  }
  return ''
}
