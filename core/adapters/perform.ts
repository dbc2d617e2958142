// One row at work: its acts in order on one device, until one fails or the last gives the code. It knows no protocol and no session.
import { wordsOf } from '../syncml/text.ts'
import { AdapterError } from './port.ts'
import type { Adapter } from './port.ts'
import { codeOfSaying, filled, pairOf } from './rows.ts'
import type { Act } from './rows.ts'

/** Nodes the gateway keeps for a device: what a server added for operations to come. Interior nodes hold ''. */
export class Kept {
  readonly #nodes: Map<string, string>
  /** Told after every change. */
  readonly #changed: (nodes: Readonly<Record<string, string>>) => void

  constructor(nodes: Readonly<Record<string, string>>, changed: (nodes: Readonly<Record<string, string>>) => void) {
    this.#nodes = new Map(Object.entries(nodes))
    this.#changed = changed
  }

  get(uri: string): string | undefined {
    return this.#nodes.get(uri)
  }
  has(uri: string): boolean {
    return this.#nodes.has(uri)
  }
  put(uri: string, value: string): void {
    this.#nodes.set(uri, value)
    this.#changed(Object.fromEntries(this.#nodes))
  }
  /** Forgets a node and all below. */
  forget(uri: string): void {
    for (const known of [...this.#nodes.keys()]) if (known === uri || known.startsWith(`${uri}/`)) this.#nodes.delete(known)
    this.#changed(Object.fromEntries(this.#nodes))
  }
  /** Names right below a node. */
  below(uri: string): readonly string[] {
    const names = [...this.#nodes.keys()].flatMap((known) => (known.startsWith(`${uri}/`) ? [known.slice(uri.length + 1).split('/')[0] ?? ''] : []))
    return [...new Set(names)]
  }
}

/** Where acts are performed. */
export interface Scene {
  readonly adapter: Adapter
  readonly deviceId: string
  /** What `<X>` of the row is. */
  readonly name: string
  readonly kept: Kept
  /** Data of the command: as text, and as octets. */
  readonly text: string
  readonly octets: Uint8Array | null
  /** Octets behind a URL; rejects in words. */
  readonly fetch: (url: string) => Promise<Uint8Array>
  /** Calls once after ms; gives what cancels it. */
  readonly after: (ms: number, call: () => void) => () => void
  /** Ends everything: the device or the gateway is gone. */
  readonly stopped: (call: (why: AdapterError) => void) => () => void
  /** Told before each act, so that a restart knows how far it came. */
  readonly step?: (index: number) => void
}

/** What came of a row. 200 where nothing gave another code; `value` for a Get. */
export interface Outcome {
  readonly code: number
  readonly value: string
  /** Why it failed, or what the device said; '' where there is nothing to tell. */
  readonly text: string
}

const good = (code: number): boolean => (code >= 200 && code < 300) || (code >= 1200 && code < 1300)

/** Performs the acts from `from` on. Rejects with AdapterError where one could not be done. */
export async function perform(acts: readonly Act[], scene: Scene, from = 0): Promise<Outcome> {
  let outcome: Outcome = { code: 200, value: '', text: '' }
  let fetched = scene.octets
  for (const [index, act] of acts.entries()) {
    if (index < from) continue
    scene.step?.(index)
    if (act.do === 'fetch') {
      const url = wanted(scene, act.leaf)
      try {
        fetched = await scene.fetch(url)
      } catch (error) {
        return { code: act.failed, value: '', text: wordsOf(error) }
      }
    } else outcome = await one(act, scene, fetched, outcome)
    if (!good(outcome.code)) return outcome
  }
  return outcome
}

/** Value of a node the server had to write before. */
function wanted({ kept, name }: Scene, leaf: string): string {
  const uri = filled(leaf, name)
  const value = kept.get(uri)
  if (value === undefined || value === '') throw new AdapterError(412, `${uri} was not written`)
  return value
}

async function one(act: Exclude<Act, { do: 'fetch' }>, scene: Scene, octets: Uint8Array | null, before: Outcome): Promise<Outcome> {
  const { adapter, deviceId, name, kept } = scene
  switch (act.do) {
    case 'get': {
      const value = await adapter.get(deviceId, filled(act.path, name))
      return { ...before, value: act.table?.[value] ?? value }
    }
    case 'list':
      return { ...before, value: (await adapter.list(deviceId, filled(act.path, name))).join('/') }
    case 'answer':
      return { ...before, value: filled(act.value, name) }
    case 'pair': {
      const state = await adapter.get(deviceId, filled(act.state, name))
      const result = await adapter.get(deviceId, filled(act.result, name))
      const value = pairOf(act.table, state, result)
      if (value === undefined) throw new AdapterError(500, `the device tells state ${state} and result ${result}, which is in no table`)
      return { ...before, value }
    }
    case 'set':
      await written(act, scene)
      return before
    case 'exec': {
      // A name is one word of an argument, never several.
      if (act.argument.includes('{X}') && /\s/.test(name)) throw new AdapterError(400, `${JSON.stringify(name)} is not one word`)
      const said = await adapter.exec(deviceId, filled(act.path, name), filled(act.argument, name))
      const code = act.says === undefined ? 200 : codeOfSaying(act.says, said)
      if (code === undefined) throw new AdapterError(500, `the device said ${JSON.stringify(said.trim().slice(0, 200))}`)
      return { code, value: '', text: said.trim().slice(0, 500) }
    }
    case 'deliver':
      if (octets === null) throw new AdapterError(415, 'there are no octets to deliver')
      await adapter.deliver(deviceId, filled(act.path, name), octets)
      return before
    case 'watch':
      return { ...before, code: await ended(act, scene) }
    case 'stage':
      kept.put(filled(act.node, name), filled(act.value, name))
      return before
    case 'forget':
      kept.forget(filled(act.node, name))
      return before
    case 'refuse':
      throw new AdapterError(act.status, act.why)
    default:
      return act satisfies never
  }
}

async function written(act: Extract<Act, { do: 'set' }>, scene: Scene): Promise<void> {
  const { adapter, deviceId, name } = scene
  const value = act.leaf === undefined ? (act.value ?? scene.text) : wanted(scene, act.leaf)
  try {
    await adapter.set(deviceId, filled(act.path, name), value)
  } catch (error) {
    // One that did not answer may have begun to fetch.
    if (act.push === undefined || !(error instanceof AdapterError) || error.status === 408 || error.status === 503) throw error
    await adapter.deliver(deviceId, filled(act.push, name), await scene.fetch(value))
  }
}

/**
 * Where an operation goes on that was under way when the gateway ended: an act that moves the device is never done twice, what follows tells whether it was.
 * null: nothing can tell.
 */
export function resumeAt(acts: readonly Act[], step: number): number | null {
  const act = acts[step]
  if (act === undefined) return null
  if (act.do !== 'exec' && act.do !== 'set' && act.do !== 'deliver') return step
  if (acts[step + 1]?.do === 'watch') return step + 1
  // A file that nothing follows is put there once more; its octets are fetched anew.
  return act.do === 'deliver' && acts[step - 1]?.do === 'fetch' ? step - 1 : null
}

/** Waits for the end of an operation; rejects with 408 when its time is over. */
function ended(act: Extract<Act, { do: 'watch' }>, scene: Scene): Promise<number> {
  const { adapter, deviceId, name } = scene
  return new Promise((resolve, reject) => {
    let [state, result] = ['', '']
    const ends: (() => void)[] = []
    const leave = (done: () => void): void => {
      for (const end of ends.splice(0)) end()
      done()
    }
    const look = (): void => {
      const code = state === '' || result === '' ? undefined : pairOf(act.ends, state, result)
      if (code !== undefined) leave(() => resolve(code))
    }
    const failed = (error: unknown): void => leave(() => reject(error instanceof Error ? error : new Error(String(error))))
    const late = `no end within ${act.seconds} s: state ${state || 'unknown'}, result ${result || 'unknown'}`
    ends.push(scene.after(act.seconds * 1000, () => failed(new AdapterError(408, late))))
    ends.push(scene.stopped(failed))
    ends.push(
      adapter.watch(
        deviceId,
        filled(act.result, name),
        (value) => {
          result = value
          look()
        },
        failed,
      ),
    )
    ends.push(
      adapter.watch(
        deviceId,
        filled(act.state, name),
        (value) => {
          state = value
          look()
        },
        failed,
      ),
    )
  })
}
