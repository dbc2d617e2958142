// What every command says and how it ends: results on stdout, one line of trouble on stderr, exit codes of the contract; a closed pipe ends quietly.
import { closeSync, existsSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import process from 'node:process'

/** Ends a command: 1 the thing examined failed, 2 wrong usage or unreadable input. The message is the one line on stderr. */
export class Failure extends Error {
  readonly code: 1 | 2

  constructor(code: 1 | 2, message: string) {
    super(message)
    this.name = 'Failure'
    this.code = code
  }
}

/** Wrong usage or unreadable input. */
export function refuse(message: string): never {
  throw new Failure(2, message)
}

/** Says one line on stderr and ends the program at once: for callbacks, out of which nothing can be thrown. */
export function fail(code: 1 | 2, message: string): never {
  process.stderr.write(`dmlab: ${message}\n`)
  process.exit(code)
}

/** Makes a closed stdout (`| head`) end the program without a word. */
export function quietPipes(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(0)
      throw error
    })
  }
}

/** Writes to stdout; resolves once more may be written, so that a slow reader holds up a fast writer. */
export function write(chunk: string | Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    if (process.stdout.write(chunk)) resolve()
    else process.stdout.once('drain', resolve)
  })
}

/** One JSON document, or one line of NDJSON. */
export function writeJson(value: unknown): Promise<void> {
  return write(`${JSON.stringify(value)}\n`)
}

/** Milliseconds since the epoch as ISO 8601 UTC with milliseconds. */
export function iso(ms: number): string {
  return new Date(ms).toISOString()
}

/** A file's bytes, or those of stdin for `-`. Rejects with Failure 2 naming the file. */
export async function readInput(file: string): Promise<Uint8Array> {
  if (file === '-') return readStdin()
  try {
    return readFileSync(file)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const reasons: Readonly<Record<string, string>> = { ENOENT: 'no such file', EISDIR: 'is a folder', EACCES: 'no permission to read it' }
    return refuse(`${file}: ${reasons[code ?? ''] ?? message}`)
  }
}

async function readStdin(): Promise<Uint8Array> {
  if (process.stdin.isTTY) refuse('stdin: nothing to read; give a file, or pipe something in')
  const chunks: Uint8Array[] = []
  for await (const chunk of process.stdin) chunks.push(chunk as Uint8Array)
  return Buffer.concat(chunks)
}

/** How messages call an input. */
export function nameOf(file: string): string {
  return file === '-' ? 'stdin' : file
}

/** A file that appears under its name only when it is complete; an unfinished one is removed. */
export class OutputFile {
  readonly #path: string
  readonly #part: string
  readonly #force: boolean
  readonly #fd: number

  /** Throws Failure 2 where the file is there already and `force` is not. */
  constructor(path: string, force: boolean) {
    if (!force && existsSync(path)) refuse(`${path}: is there already; --force overwrites it`)
    this.#path = path
    this.#force = force
    this.#part = join(dirname(path), `.${basename(path)}.${String(process.pid)}.part`)
    this.#fd = opened(this.#part, path)
  }

  write(chunk: string | Uint8Array): void {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk
    for (let at = 0; at < bytes.length;) at += writeSync(this.#fd, bytes, at)
  }

  /** Gives the file its name. */
  finish(): void {
    closeSync(this.#fd)
    if (!this.#force && existsSync(this.#path)) {
      rmSync(this.#part)
      refuse(`${this.#path}: appeared meanwhile; nothing was overwritten`)
    }
    renameSync(this.#part, this.#path)
  }

  /** Takes back what was written. */
  abandon(): void {
    closeSync(this.#fd)
    rmSync(this.#part, { force: true })
  }
}

function opened(part: string, path: string): number {
  try {
    return openSync(part, 'wx', 0o600)
  } catch (error) {
    return refuse(`${path}: cannot be written: ${(error as Error).message}`)
  }
}

/** Writes a whole result to a file, or to stdout for undefined. */
export async function writeResult(bytes: Uint8Array | string, file: string | undefined, force: boolean): Promise<void> {
  if (file === undefined) return write(bytes)
  const out = new OutputFile(file, force)
  out.write(bytes)
  out.finish()
}

/** A progress line on stderr, when that is a terminal; at most ten times a second. */
export class Progress {
  readonly #shown = process.stderr.isTTY
  #last = 0

  show(text: () => string): void {
    const now = Date.now()
    if (!this.#shown || now - this.#last < 100) return
    this.#last = now
    process.stderr.write(`\r\x1b[K${text()}`)
  }

  done(): void {
    if (this.#shown && this.#last > 0) process.stderr.write('\r\x1b[K')
  }
}

/** True where stdout is a terminal; binary is not written there. */
export function stdoutIsTerminal(): boolean {
  return process.stdout.isTTY
}

/** Rows of text as columns, two spaces apart; the last column is not padded. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths: number[] = []
  for (const row of rows) row.forEach((cell, i) => (widths[i] = Math.max(widths[i] ?? 0, cell.length)))
  return rows
    .map((row) =>
      row
        .map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i] ?? 0)))
        .join('  ')
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join('')
}

/** Control and bidirectional characters made visible, for a terminal. */
export function visible(text: string): string {
  return text.replace(
    /[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
