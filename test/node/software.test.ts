// A simulated device with software in a real lab: real HTTP, real files, the server's commands; its board, its requests, its restart, and the lab's.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import type { LabApi, QueuedCommand } from '../../core/api.ts'
import { startLab } from '../../core/node/main.ts'
import type { RunningLab } from '../../core/node/main.ts'
import { PATIENCE } from '../support/patience.ts'

const DEVICE = 'IMEI:004999016400019'
const labs: RunningLab[] = []
const folders: string[] = []

afterEach(async () => {
  for (const lab of labs.splice(0)) await lab.stop()
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

async function lab(workspace = mkdtempSync(join(tmpdir(), 'dmlab-software-'))): Promise<{ readonly lab: RunningLab; readonly workspace: string }> {
  if (!folders.includes(workspace)) folders.push(workspace)
  const running = await startLab({ workspace, host: '127.0.0.1', dmPort: 0, uiPort: null })
  labs.push(running)
  return { lab: running, workspace }
}

async function until<T>(what: () => Promise<T | undefined | false>, ms = PATIENCE): Promise<T> {
  const end = Date.now() + ms
  for (;;) {
    const found = await what()
    if (found !== undefined && found !== false) return found
    if (Date.now() > end) throw new Error('it did not happen')
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
}

/** Queues commands and lets the device come for them. */
async function bring(api: LabApi, commands: readonly QueuedCommand[]): Promise<void> {
  await api.devices.queue(DEVICE, commands)
  // Busy as long as it reports on its own.
  await until(async () => api.devices.simulate({ id: DEVICE, mo: ['scomo', 'fumo'] }).catch(() => undefined))
}

test('a delivered package is installed, runs, and is still there when the lab comes back', async () => {
  const first = await lab()
  const { api } = first.lab
  await api.devices.simulate({ id: DEVICE, mo: ['scomo', 'fumo'] })
  const uri = './SCOMO/Inventory/Delivered/notes'
  await bring(api, [
    { kind: 'Add', locUri: uri, format: 'node' },
    { kind: 'Add', locUri: `${uri}/PkgID`, data: 'notes-1.0' },
    { kind: 'Replace', locUri: `${uri}/Data`, data: 'aGVsbG8=', format: 'b64' },
    { kind: 'Exec', locUri: `${uri}/Operations/Install` },
  ])
  const board = await until(async () => {
    const now = await api.software.board(DEVICE)
    return now.cards.some((card) => card.moves.some((move) => move.resultCode === 1200)) && now
  })
  expect(board.log.map(({ what }) => what)).toEqual(expect.arrayContaining(['boot', 'deliver', 'install', 'start']))
  const delivered = board.cards.find((card) => card.uri === uri)
  expect(delivered).toMatchObject({ place: 'delivered', state: 20, words: 'Installed (INFERRED)' })
  expect(delivered?.moves[0]).toMatchObject({ from: 'Delivered (INFERRED)', to: 'Installed (INFERRED)', resultCode: 1200 })
  expect((delivered?.moves[0]?.order ?? 0) > 0 && (delivered?.moves[0]?.proof ?? 0) > (delivered?.moves[0]?.order ?? 0)).toBe(true)

  await api.software.restart(DEVICE)
  await first.lab.stop()
  labs.splice(0)
  const second = await lab(first.workspace)
  const again = await second.lab.api.software.board(DEVICE)
  expect(again.log.filter(({ what }) => what === 'install')).toHaveLength(1)
  await bring(second.lab.api, [
    { kind: 'Get', locUri: './SCOMO/Inventory/Deployed?list=StructData' },
    { kind: 'Get', locUri: './SCOMO?prop=Type' },
  ])
  const read = await until(async () => {
    const now = await second.lab.api.software.board(DEVICE)
    return now.cards.some((card) => card.place === 'deployed' && card.version !== '') && now.roots.length > 0 && now
  })
  expect(read.cards.find((card) => card.place === 'deployed')).toMatchObject({ state: 20, words: 'Active', pkgIdRef: 'notes-1.0' })
  expect(read.roots).toEqual([{ uri: './SCOMO', mo: 'urn:oma:mo:oma-scomo:1.0' }])
}, 60_000)

test('it asks its server for something, once a minute', async () => {
  const { api } = (await lab()).lab
  await api.devices.simulate({ id: DEVICE, mo: ['scomo'] })
  await until(async () => (await api.devices.list()).some(({ id, activity }) => id === DEVICE && activity.includes('completed')))
  const wish = { type: 'scomo', by: 'user', operation: 'Install', pkg: 'antivir-2.1' } as const
  await api.software.request(DEVICE, wish)
  await expect(api.software.request(DEVICE, wish)).rejects.toThrow('asked this already')
  await expect(api.software.request(DEVICE, { ...wish, type: 'fumo' })).rejects.toThrow('has no FUMO')
  await expect(api.software.restart('nobody')).rejects.toThrow('no simulated device')
  const { log } = await api.software.board(DEVICE)
  expect(log.at(-1)).toMatchObject({ what: 'ask', text: 'the user asks the server: Install antivir-2.1' })
})
