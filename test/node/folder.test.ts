// Names of devices become folders: none leads out of its place, none is too long, no two share one; and nothing but its own is taken away with a device.
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { expect, it, vi } from 'vitest'
import fc from 'fast-check'
import { folderName } from '../../core/node/folder.ts'
import { startLab } from '../../core/node/main.ts'

const ODD = [
  '.',
  '..',
  '...',
  '../..',
  '',
  ' ',
  '~',
  'a'.repeat(1000),
  'b'.repeat(1000),
  '\ud83d',
  '\ud83e',
  '日'.repeat(300),
  'urn:x?a=b#c',
  'C:\\x',
  '\0',
  '%2E',
]

it('every id has a folder of its own, below the one it is in', () => {
  const holds = (one: string, other: string): void => {
    const name = folderName(one)
    expect(resolve('/w/devices', name)).toBe(`/w/devices/${name}`)
    expect(name.length).toBeLessThan(256)
    if (one !== other) expect(name).not.toBe(folderName(other))
  }
  const id = fc.oneof(fc.constantFrom(...ODD), fc.string({ unit: 'binary', maxLength: 300 }))
  fc.assert(fc.property(id, id, holds))
  ODD.forEach((one) => ODD.forEach((other) => holds(one, other)))
  // What lies in workspaces already is found again.
  expect(folderName('IMEI:490154203237518')).toBe('IMEI%3A490154203237518')
})

it('a device called `..` is made anew without taking the workspace with it', { timeout: 60_000 }, async () => {
  const dir = mkdtempSync(join(tmpdir(), 'dm-folder-'))
  const lab = await startLab({ workspace: join(dir, 'w'), host: '127.0.0.1', dmPort: 0, uiPort: null })
  try {
    for (const id of ['..', '.', 'a'.repeat(1000)]) {
      await lab.api.devices.simulate({ id, mo: ['scomo'] })
      const activity = async (): Promise<string | undefined> => (await lab.api.devices.list()).find((row) => row.id === id)?.activity
      await vi.waitFor(async () => expect(await activity()).toContain('completed'), 20_000)
      await lab.api.devices.reset(id, {})
    }
    expect(readdirSync(join(dir, 'w', 'devices')).length).toBe(3)
    expect(existsSync(join(dir, 'w', 'lab.db'))).toBe(true)
    expect(existsSync(join(dir, 'w', 'packages'))).toBe(false)
  } finally {
    await lab.stop()
    rmSync(dir, { recursive: true, force: true })
  }
})
