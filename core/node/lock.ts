// The lock of a workspace: one process owns it. A lock whose process is gone is taken over, and that is told.
import { linkSync, readFileSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs'

/** A lock in our hands. */
export interface Lock {
  /** What taking it needed, in words; '' where it was free. */
  readonly said: string
  release(): void
}

/** Who holds a lock: process id and its start time as the system tells it ('' where it does not). */
export interface Owner {
  readonly pid: number
  readonly start: string
}

/** Takes the lock file at `path`. Throws an Error naming the process where a living one has it. */
export function takeLock(path: string): Lock {
  const mine = JSON.stringify({ pid: process.pid, start: startOf(process.pid) })
  let said = ''
  for (let attempt = 0; attempt < 10; attempt++) {
    if (create(path, mine)) return { said, release: () => release(path, mine) }
    const text = read(path)
    if (text === null) continue
    const owner = parse(text)
    if (owner !== null && lives(owner)) throw new Error(`${path}: the workspace is in use by process ${owner.pid}`)
    if (remove(path, text))
      said = owner === null ? 'an unreadable lock was taken over' : `the lock of process ${owner.pid}, which is gone, was taken over`
  }
  throw new Error(`${path}: other processes take this lock again and again`)
}

/** Owner of the lock file if its process lives, else null. */
export function ownerOf(path: string): Owner | null {
  const owner = parse(read(path) ?? '')
  return owner !== null && lives(owner) ? owner : null
}

/** Start of a process in ticks since boot, from /proc (field 22 of stat, proc(5)); '' where there is no /proc or no such process. */
export function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
  } catch {
    return ''
  }
}

/** Makes the file with its content in one step; false where it is there. */
function create(path: string, text: string): boolean {
  const draft = `${path}.${process.pid}`
  writeFileSync(draft, text, { mode: 0o600 })
  try {
    linkSync(draft, path)
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    return createPlain(path, text)
  } finally {
    rmSync(draft, { force: true })
  }
}

/** For file systems without hard links. */
function createPlain(path: string, text: string): boolean {
  try {
    writeFileSync(path, text, { flag: 'wx', mode: 0o600 })
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  }
}

/** Removes a stale lock, unless another process has replaced it meanwhile: then that one is put back. */
function remove(path: string, stale: string): boolean {
  const aside = `${path}.stale.${process.pid}`
  try {
    renameSync(path, aside)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false
    throw error
  }
  const same = read(aside) === stale
  if (!same) create(path, read(aside) ?? '')
  rmSync(aside, { force: true })
  return same
}

function release(path: string, mine: string): void {
  if (read(path) === mine) unlinkSync(path)
}

function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null
    throw error
  }
}

function parse(text: string): Owner | null {
  try {
    const { pid, start } = JSON.parse(text) as Partial<Owner>
    return typeof pid === 'number' && Number.isInteger(pid) && pid > 0 && typeof start === 'string' ? { pid, start } : null
  } catch {
    return null
  }
}

function lives({ pid, start }: Owner): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if (codeOf(error) === 'ESRCH') return false
  }
  const now = startOf(pid)
  return start === '' || now === '' || now === start
}

const codeOf = (error: unknown): string => String((error as { code?: unknown } | null)?.code ?? '')
