// How fields of a trace row are made: from the row itself, or from its message, which is decoded only where the row cannot settle the question.
import type { TraceRow } from '../api.ts'
import type { Element } from '../syncml/element.ts'
import type { Command, Data, Item } from '../syncml/message.ts'
import { dataText, utf8Lossy } from '../syncml/text.ts'
import { itemsOf } from './facts.ts'
import type { RowFacts } from './facts.ts'
import type { Field, FieldType, Value } from './schema.ts'

export type RowField = Field<RowFacts>
type More = Partial<Pick<RowField, 'many' | 'needs' | 'words' | 'closed' | 'ordered' | 'normal' | 'quick' | 'whole'>>

export const some = (...values: readonly (Value | undefined | null)[]): Value[] =>
  values.filter((v): v is Value => v !== undefined && v !== null && v !== '' && !Number.isNaN(v))

/** A field that the row itself holds. */
export function own(name: string, type: FieldType, say: string, about: string, read: (row: TraceRow) => Value | null, extra: More = {}): RowField {
  return { name, type, say, about, many: false, needs: 'row', read: ({ row }) => some(read(row)), ...extra }
}

/** A field of the message's commands; `lacking` tells from the row that it can have no value. */
export function inside(
  name: string,
  type: FieldType,
  say: string,
  about: string,
  read: (command: Command, parent: string) => readonly (Value | undefined)[],
  lacking: (row: TraceRow) => boolean,
  extra: More = {},
): RowField {
  const values = (facts: RowFacts): Value[] => facts.commands().flatMap(({ command, parent }) => some(...read(command, parent)))
  const none = ({ row, part }: RowFacts): boolean => part === null && (row.kind !== 'message' || row.encoding === '' || lacking(row))
  return {
    name,
    type,
    say,
    about,
    many: true,
    needs: 'message',
    read: (facts) => (none(facts) ? [] : values(facts)),
    quick: () => [],
    whole: none,
    ...extra,
  }
}

export const names = (row: TraceRow): string[] => row.commands.map((text) => text.split(' ')[0] ?? '')
export const noCommand = (row: TraceRow): boolean => row.commands.length === 0
export const noStatus = (row: TraceRow): boolean => row.statuses.length === 0
export const no =
  (...wanted: string[]) =>
  (row: TraceRow): boolean =>
    !names(row).some((name) => wanted.includes(name))
export const metas = (command: Command): { format?: string; type?: string; size?: number }[] => [
  ...('meta' in command && command.meta !== undefined ? [command.meta] : []),
  ...itemsOf(command).flatMap(({ meta }) => meta ?? []),
]
export const targets = (items: readonly Item[]): (string | undefined)[] => items.map(({ target }) => target?.locUri)
export const sources = (items: readonly Item[]): (string | undefined)[] => items.map(({ source }) => source?.locUri)
/** Outside any() the row's first target settles most questions without bytes. */
export const firstTarget = ({ row, part }: RowFacts): Value[] => (part === null ? some(row.target) : [])

/** Data as text; elements inside it keep their names, so that a report reads alike whether it came as text or as elements. */
export function written(data: Data): string {
  return typeof data === 'string' || data instanceof Uint8Array ? dataText(data) : data.map(markup).join('')
}
function markup({ name, text, opaque, children }: Element): string {
  return `<${name}>${text}${opaque !== undefined && text === '' ? utf8Lossy(opaque) : ''}${children.map(markup).join('')}</${name}>`
}
