// A small record on a disk that is written often: versions are appended as lines, the last whole line counts. A rename for each would make the disk wait.
import { appendFileSync, readFileSync } from 'node:fs'
import { writeWhole } from './disk.ts'

/** Lines after which the file is written anew with the last one only. */
const LINES = 64

/** One record in one file of mode 600. A version that a crash tore off never was. */
export class Journal {
  readonly #path: string
  /** Lines in the file; -1: not known yet. */
  #lines = -1

  constructor(path: string) {
    this.#path = path
  }

  /** The newest version, or null where there is none. Throws where the file is none of ours. */
  last(): unknown {
    const line = this.#whole().at(-1)
    return line === undefined ? null : (JSON.parse(line) as unknown)
  }

  /** A version that is there when this returns. Throws where the disk takes it not. */
  put(value: unknown): void {
    if (this.#lines < 0) this.#lines = this.#whole().length
    const line = `${JSON.stringify(value)}\n`
    if (this.#lines === 0 || this.#lines >= LINES) {
      writeWhole(this.#path, line)
      this.#lines = 1
      return
    }
    try {
      appendFileSync(this.#path, line, { mode: 0o600 })
      this.#lines += 1
    } catch (error) {
      // Half a line may stand there now: the next version begins the file anew.
      this.#lines = LINES
      throw error
    }
  }

  /** Whole lines; a torn one at the end makes the next version begin the file anew. */
  #whole(): string[] {
    let text = ''
    try {
      text = readFileSync(this.#path, 'utf8')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
    const lines = text.split('\n')
    const torn = lines.pop() ?? ''
    this.#lines = torn === '' ? lines.length : LINES
    return lines
  }
}
