// The file that keeps a simulated device between runs: read when it is there, written whole or not at all.
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { wordsOf } from '../../syncml/text.ts'
import { fileTrouble } from '../folder.ts'
import { refuse } from './output.ts'

/** The state in a file; undefined where there is none yet. Throws Failure 2 where it is no JSON. */
export function readState(file: string): unknown {
  if (!existsSync(file)) return undefined
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    return refuse(`${file}: ${wordsOf(error)}`)
  }
}

/** Written whole or not at all; it holds secrets, so only the owner may read it. Throws Failure 2 where it cannot be. */
export function writeState(file: string, state: unknown): void {
  try {
    writeFileSync(`${file}.new`, `${JSON.stringify(state)}\n`, { mode: 0o600 })
    renameSync(`${file}.new`, file)
  } catch (error) {
    refuse(`${file}: cannot be written: ${fileTrouble(error)}`)
  }
}
