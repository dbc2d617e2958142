// Joins the chunks of large objects (PRO large objects): what is incomplete is never handed on, what is too long for a tree on a screen is counted only.
import type { Bulk, Data, Item, Request, Results } from '../syncml/message.ts'
import { concat, dataBytes } from '../syncml/text.ts'

/** Characters or octets of the longest object that is held; a package is longer, and nobody looks at its bytes as a value. */
const HELD = 8 << 20

/** Joins one object at a time, in one direction of one session. */
export class Joiner {
  #open: { readonly first: Item; readonly key: string; parts: Data[] | null; length: number } | null = null

  /**
   * The command itself where nothing is chunked, the command with the joined Data at the last chunk, null before. One that was too long to be held has
   * `bulk` in place of Data, which tells its size and cannot be read.
   */
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
        length: lengthOf(item.data),
      }
      return null
    }
    open.length += lengthOf(item.data)
    open.parts?.push(item.data ?? '')
    if (open.length > HELD) open.parts = null
    if (item.moreData === true) return null
    this.#open = null
    const whole: { -readonly [K in keyof Item]: Item[K] } = { ...item, ...open.first, moreData: false }
    delete whole.data
    const content = open.parts === null ? { bulk: tooLong(open.length) } : { data: joined(open.parts) }
    return { ...command, items: [{ ...whole, ...content }] }
  }
}

const lengthOf = (data: Data | undefined): number => (typeof data === 'string' || data instanceof Uint8Array ? data.length : 0)

function tooLong(size: number): Bulk {
  const read = (): never => {
    throw new Error(`an object of ${String(size)} characters is not held; its messages are in the trace`)
  }
  return { name: '', size, sha256: '', read }
}

function joined(parts: readonly Data[]): Data {
  return parts.every((part) => typeof part === 'string') ? parts.join('') : concat(parts.map(dataBytes))
}
