// Joins the chunks of large objects (PRO large objects): what is incomplete is never handed on.
import type { Data, Item, Request, Results } from '../syncml/message.ts'
import { concat, dataBytes } from '../syncml/text.ts'

/** Joins one object at a time, in one direction of one session. */
export class Joiner {
  #open: { readonly first: Item; readonly key: string; readonly parts: Data[] } | null = null

  /** The command itself where nothing is chunked, the command with the joined Data at the last chunk, null before. */
  join<C extends Request | Results>(command: C): C | null {
    if (!('items' in command) || command.kind === 'Alert') return command
    const item = command.items.at(-1)
    if (item === undefined) return command
    const key = `${command.kind} ${item.target?.locUri ?? ''} ${item.source?.locUri ?? ''}`
    const open = this.#open
    if (open === null || open.key !== key) {
      // Another command in between gives the open object up (PRO, Alert 1225).
      this.#open = null
      if (item.moreData !== true) return command
      this.#open = {
        first: { ...item, ...(item.meta === undefined && command.meta !== undefined ? { meta: command.meta } : {}) },
        key,
        parts: [item.data ?? ''],
      }
      return null
    }
    open.parts.push(item.data ?? '')
    if (item.moreData === true) return null
    this.#open = null
    return { ...command, items: [{ ...item, ...open.first, moreData: false, data: joined(open.parts) }] }
  }
}

function joined(parts: readonly Data[]): Data {
  return parts.every((part) => typeof part === 'string') ? parts.join('') : concat(parts.map(dataBytes))
}
