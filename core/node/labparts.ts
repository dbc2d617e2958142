// Small parts of a lab's start: where the built window lies, areas that are made after the lab, and the trace written out now and then.
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { TraceStore } from '../store/trace.ts'
import { wordsOf } from '../syncml/text.ts'

/** How often trace bytes are written out, ms; at most this much of the trace is lost when the process is killed. */
const FLUSH_EVERY = 200

/** The built window: beside the bundle this runs from, or in dist/ where it runs from source. */
export function windowFolder(): string {
  const found = ['../renderer', '../../renderer', '../../dist/renderer']
    .map((path) => resolve(import.meta.dirname, path))
    .find((path) => existsSync(join(path, 'index.html')) && existsSync(join(path, 'assets')))
  if (found === undefined) throw new Error('the window is not built: dist/renderer is missing (npm run build)')
  return found
}

/** An area that is made after the lab. */
export function later<A extends object>(area: () => A): A {
  const call = (_: object, name: string | symbol): unknown => {
    const made = area() as Record<string | symbol, (...args: unknown[]) => unknown>
    return (...args: unknown[]) => made[name]?.(...args)
  }
  return new Proxy({}, { get: call }) as A
}

/** Writes the trace out until stopped. Whoever asks is told why it fails, and '' when it works again; nothing is lost before memory is: the next time tries again. */
export function flushing(trace: Pick<TraceStore, 'flush'>, moved: (why: string) => void): { stop(): void } {
  let trouble = ''
  const timer = setInterval(() => {
    const before = trouble
    try {
      trace.flush()
      trouble = ''
    } catch (error) {
      trouble = wordsOf(error)
    }
    if (trouble !== before) moved(trouble)
  }, FLUSH_EVERY)
  return { stop: () => clearInterval(timer) }
}
