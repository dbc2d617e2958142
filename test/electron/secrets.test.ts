// Secrets at rest on the desktop: the lab's process asks main for the key store, seals every account under it, and says what it cannot open.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { LabApi } from '../../core/api.ts'
import { startLab } from '../../core/node/main.ts'
import type { RunningLab } from '../../core/node/main.ts'
import { openWorkspace } from '../../core/node/workspace.ts'
import type { FromLab, Parent, ToLab } from '../../electron/labhost.ts'
import { hostLab } from '../../electron/labhost.ts'
import { until } from '../lab/treelab.ts'
import { hasSqlite } from '../support/needs.ts'

/** A key store as main has it: who else asks gets nothing. `calls` is what was asked of it, in order. */
interface KeyStore {
  readonly calls: string[]
  available: boolean
  /** Another user's key opens nothing of this one's. */
  key: string
}

const answered = (store: KeyStore, { ask, value }: Extract<FromLab, { type: 'secret' }>): { value?: unknown; error?: string } => {
  store.calls.push(ask)
  if (ask === 'available') return { value: store.available }
  if (ask === 'seal') return { value: new Uint8Array(Buffer.from(`${store.key}|${Buffer.from(String(value)).toString('hex')}`)) }
  const [key, text = ''] = Buffer.from(value as Uint8Array)
    .toString()
    .split('|')
  return key === store.key ? { value: Buffer.from(text, 'hex').toString() } : { error: 'not encrypted by this user' }
}

describe.skipIf(!hasSqlite)('secrets of the desktop lab (needs node:sqlite: Node 22.13 or newer, npm ci installs it)', () => {
  let workspace = ''
  let store: KeyStore
  let stop: (() => Promise<void>) | null = null
  beforeEach(() => {
    workspace = join(mkdtempSync(join(tmpdir(), 'dm-lab-secrets-')), 'w')
    store = { calls: [], available: true, key: 'of the user' }
  })
  afterEach(async () => {
    await stop?.()
    stop = null
    rmSync(join(workspace, '..'), { recursive: true, force: true })
  })

  /** The lab's process, its main side played by the key store; gives the lab's API. */
  async function desktop(): Promise<LabApi> {
    await stop?.()
    let told: (order: { data: ToLab; ports: [] }) => void = () => {}
    let lab: RunningLab | null = null
    let ended: () => void = () => {}
    const end = new Promise<void>((resolve) => (ended = resolve))
    const ready = new Promise<void>((resolve, reject) => {
      const parent = {
        postMessage: (message: FromLab) => {
          if (message.type === 'secret')
            queueMicrotask(() => told({ data: { type: 'secret', id: message.id, ...answered(store, message) }, ports: [] }))
          else if (message.type === 'ready') resolve()
          else if (message.type === 'failed') reject(new Error(message.reason))
        },
        on: (_event: 'message', listener: typeof told) => (told = listener),
      }
      const start = async (options: Parameters<typeof startLab>[0]): Promise<RunningLab> => (lab = await startLab(options))
      hostLab(
        parent as unknown as Parent,
        start,
        (_area, _method, args) => args,
        () => ended(),
      )
      told({ data: { type: 'start', options: { workspace, host: '127.0.0.1', dmPort: 0, uiPort: null } }, ports: [] })
    })
    await ready
    stop = async () => {
      told({ data: { type: 'stop' }, ports: [] })
      await end
      stop = null
    }
    return (lab as unknown as RunningLab).api
  }
  const files = (): string =>
    readdirSync(workspace)
      .filter((name) => name.startsWith('lab.db'))
      .map((name) => readFileSync(join(workspace, name), 'latin1'))
      .join('')
  const bootstrapped = (api: LabApi, device: string) => api.devices.bootstrap({ device, profile: 'cp', security: 'USERPIN', serverId: 'ops' })
  const passwords = () => {
    const { ledger, close } = openWorkspace(workspace, { readOnly: true })
    const found = ledger.accounts().map(({ device, password, locked }) => [device, password, locked] as const)
    void close()
    return found
  }

  it('a fresh account is told once and lies sealed: neither its secrets nor its PIN are in lab.db', async () => {
    const { password, serverPassword, pin } = await bootstrapped(await desktop(), 'IMEI:1')
    expect([password.length > 8, serverPassword.length > 8, pin.length]).toEqual([true, true, 6])
    await stop?.()
    for (const secret of [password, serverPassword, pin]) expect(files()).not.toContain(secret)
    expect(files()).toMatch(/sealed:[0-9a-f]{8}:/)
    expect(store.calls).toEqual(['available', 'seal'])
    // Beside the owner, without the key store: the account is there, locked.
    expect(passwords()[1]).toEqual(['IMEI:1', expect.stringMatching(/^sealed:/), expect.stringContaining('no key store is at hand here')])
    // With it the notification rests on the secret again.
    const api = await desktop()
    expect(store.calls.slice(2)).toEqual(['available', 'unseal'])
    expect((await api.devices.notify('IMEI:1', { send: false })).package0.length).toBeGreaterThan(24)
    expect((await api.lab.state()).recovery).toBe('')
  })

  it('another key store: said so, the account refused, its sealed text kept; back with the right one all is well', async () => {
    await bootstrapped(await desktop(), 'IMEI:1')
    await stop?.()
    const before = passwords()
    store.key = 'of somebody else'
    const api = await desktop()
    expect((await api.lab.state()).recovery).toBe(
      'the secrets of one account are sealed, and it is refused: the key store does not open them (not encrypted by this user)',
    )
    await expect(api.devices.notify('IMEI:1', { send: false })).rejects.toThrow('the secrets of this account are sealed and cannot be opened')
    await api.devices.simulate({ id: 'IMEI:1' })
    const session = await until(async () => (await api.trace.sessions()).find(({ state }) => state !== 'open'), 'the session is over')
    expect([session.device, session.state]).toEqual(['IMEI:1', 'failed'])
    const { notes } = await api.trace.frame(session.first)
    expect(notes.map(({ text }) => text).join()).toContain('the secrets of this account are sealed and cannot be opened')
    const { password } = await bootstrapped(api, 'IMEI:2')
    await stop?.()
    expect(passwords().slice(0, 2)).toEqual(before)
    expect(files()).not.toContain(password)
    store.key = 'of the user'
    const again = await desktop()
    expect((await again.devices.notify('IMEI:1', { send: false })).seq).toBe(0)
    await expect(again.devices.notify('IMEI:2', { send: false })).rejects.toThrow('cannot be opened')
  })

  it('no key store: plain, and said so; once there is one, what lay plain is sealed and its traces are gone from the file', async () => {
    store.available = false
    const api = await desktop()
    expect((await api.lab.state()).recovery).toBe('this system has no key store: secrets lie in the workspace as they are')
    const { password } = await bootstrapped(api, 'IMEI:1')
    await stop?.()
    expect(files()).toContain(`plain:${password}`)
    store.available = true
    await desktop()
    await stop?.()
    expect(files()).not.toContain(password)
    // The account every workspace starts with is no secret: a lab without a key store still serves it.
    expect(passwords()[0]).toEqual([null, 'lab', undefined])
  })
})
