// What a command holds, told by its kind: to ask an object whether it has a field costs more, as commands come in many shapes.
import type { Command, Group, Item } from './message.ts'

const NO_ITEMS: readonly Item[] = Object.freeze([])

/** True for Atomic and Sequence. */
export function isGroup(command: Command): command is Group {
  return command.kind === 'Atomic' || command.kind === 'Sequence'
}

/** Items of a command; none where it has no such field. */
export function itemsOf(command: Command): readonly Item[] {
  return isGroup(command) || command.kind === 'Other' ? NO_ITEMS : command.items
}
