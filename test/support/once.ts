// What several test files need and is dear to make (bundles): made once a run by whoever asks first, kept in a folder that goes with the run.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const FOLDER = 'DM_LAB_ONCE'

/** Vitest calls this before the first worker starts, and what it returns after the last has ended. */
export default function setup(): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'dm-lab-once-'))
  process.env[FOLDER] = folder
  return () => rmSync(folder, { recursive: true, force: true })
}

/** The folder `name` of this run, filled by `make` exactly once. Read only: others use it, too. Rejects for all with what the first one met. */
export async function once(name: string, make: (folder: string) => Promise<unknown>): Promise<string> {
  const folder = join(process.env[FOLDER] ?? '', name)
  const [done, failed] = [`${folder}.done`, `${folder}.failed`]
  if (claimed(folder)) {
    try {
      await make(folder)
      writeFileSync(done, '')
    } catch (error) {
      writeFileSync(failed, error instanceof Error ? (error.stack ?? error.message) : String(error))
      throw error
    }
  }
  while (!existsSync(done)) {
    if (existsSync(failed)) throw new Error(`${name}: ${readFileSync(failed, 'utf8')}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return folder
}

function claimed(folder: string): boolean {
  try {
    mkdirSync(folder)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}
