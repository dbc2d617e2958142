// Texts that repeat, kept once: ids in the table `text`, with a bounded memory of the ones in use. Id 0 is ''.
import type { Interned } from './summary.ts'
import type { Db, Statement } from './ports.ts'

/** Texts remembered at the most, each way; then the memory starts anew. */
const REMEMBERED = 20_000

/** Longest text that is remembered; longer ones are looked up each time. */
const LONGEST = 2_000

export class Texts implements Interned {
  readonly #byText: Statement
  readonly #byId: Statement
  readonly #insert: Statement
  readonly #ids = new Map<string, number>()
  readonly #texts = new Map<number, string>()

  constructor(db: Db) {
    this.#byText = db.prepare('SELECT id FROM text WHERE text = ?')
    this.#byId = db.prepare('SELECT text FROM text WHERE id = ?')
    this.#insert = db.prepare('INSERT INTO text (text) VALUES (?)')
  }

  /** Id of a text; a new text is stored. */
  id(text: string): number {
    if (text === '') return 0
    const known = this.#ids.get(text)
    if (known !== undefined) return known
    const found = this.#byText.get(text)?.['id'] as number | undefined
    const id = found ?? this.#insert.run(text).id
    this.#remember(id, text)
    return id
  }

  text(id: number): string {
    if (id === 0) return ''
    const known = this.#texts.get(id)
    if (known !== undefined) return known
    const text = this.#byId.get(id)?.['text'] as string | undefined
    if (text === undefined) throw new Error(`lab.db is damaged: no text has the id ${id}`)
    this.#remember(id, text)
    return text
  }

  clear(): void {
    this.#ids.clear()
    this.#texts.clear()
  }

  #remember(id: number, text: string): void {
    if (text.length > LONGEST) return
    if (this.#ids.size >= REMEMBERED || this.#texts.size >= REMEMBERED) this.clear()
    this.#ids.set(text, id)
    this.#texts.set(id, text)
  }
}
