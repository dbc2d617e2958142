// Accounts of devices through LabApi and the HTTP API: type, user, secrets and nonces count from the next session on, and nothing tells a secret.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { serveWindow } from '../../core/node/web.ts'
import { openWorkspace } from '../../core/node/workspace.ts'
import { dmlab } from '../cli/dmlab.ts'
import { hasSqlite } from '../support/needs.ts'
import { deviceOf, realLab, session } from '../support/reallab.ts'
import type { RealLab } from '../support/reallab.ts'

const DEVICE = 'IMEI:004999010640000'
const SECRET = 'Gehe1m-fuer-alle'

describe.skipIf(!hasSqlite)('accounts (needs node:sqlite: Node 22.13 or newer, npm ci installs it)', () => {
  let lab: RealLab
  beforeEach(async () => {
    lab = await realLab({ server: { greet: false } })
  })
  afterEach(async () => lab.end())

  const nonces = (serverId: string) => {
    const { ledger, close } = openWorkspace(lab.workspace, { readOnly: true })
    const found = ledger.nonces(DEVICE, serverId)
    void close()
    return found
  }

  it('a device of the common account gets one of its own; its new password and type count from the next session on', async () => {
    const before = deviceOf(lab)
    expect(await session(before)).toMatchObject({ outcome: 'completed' })
    expect(await lab.api.devices.accounts(DEVICE)).toEqual([
      {
        device: '',
        serverId: 'dm-lab',
        userName: 'lab',
        auth: 'any',
        state: 'enrolled',
        secrets: 'plain',
        why: '',
        has: ['password', 'serverPassword'],
      },
    ])
    const row = await lab.api.devices.setAccount(DEVICE, { userName: 'own', password: SECRET, serverPassword: `${SECRET}!`, auth: 'hmac' })
    expect(row).toMatchObject({ device: DEVICE, serverId: 'dm-lab', userName: 'own', auth: 'hmac' })
    expect(await session(before)).toMatchObject({ outcome: 'failed' })
    const own = { user: 'own', password: SECRET, serverPassword: `${SECRET}!`, auth: 'syncml:auth-md5' } as const
    const after = deviceOf(lab, own)
    expect(await session(after)).toMatchObject({ outcome: 'completed', authentication: 'ok' })
    // The account asks for auth-MAC: the device was challenged for it, and both proved themselves with it.
    const types = new Set<string>()
    for (const { seq, direction } of await lab.rows()) {
      const { headers } = await lab.api.trace.frame(seq)
      if (headers.some(([name]) => name.toLowerCase() === 'x-syncml-hmac')) types.add(direction)
    }
    expect([...types]).toEqual(['up'])
    // Refused by decision, and let in again.
    await lab.api.devices.setAccount(DEVICE, { state: 'refused' })
    expect(await session(deviceOf(lab, own))).toMatchObject({ outcome: 'failed' })
    await lab.api.devices.setAccount(DEVICE, { state: 'enrolled' })
    expect(await session(deviceOf(lab, own))).toMatchObject({ outcome: 'completed' })
    const told = JSON.stringify([await lab.api.devices.accounts(DEVICE), await lab.api.devices.list(), await lab.api.lab.state(), row])
    expect(told).not.toContain(SECRET)
  })

  it('two accounts of one device have two pairs of nonces; each session moves its own', async () => {
    await lab.api.devices.setAccount(DEVICE, { userName: 'one', password: 'p1', auth: 'md5', clientNonce: btoa('first nonce') })
    await lab.api.devices.setAccount(DEVICE, { serverId: 'ops', userName: 'two', password: 'p2', auth: 'md5', clientNonce: btoa('other nonce') })
    expect((await lab.api.devices.accounts(DEVICE)).map(({ serverId, userName }) => [serverId, userName])).toEqual([
      ['dm-lab', 'one'],
      ['ops', 'two'],
    ])
    const other = nonces('ops')
    expect(await session(deviceOf(lab, { user: 'one', password: 'p1', auth: 'syncml:auth-md5' }))).toMatchObject({ outcome: 'completed' })
    expect(nonces('ops')).toEqual(other)
    const moved = nonces('dm-lab')
    expect(moved?.client).not.toEqual(new TextEncoder().encode('first nonce'))
    const two = deviceOf(lab, { user: 'two', password: 'p2', serverId: 'ops', auth: 'syncml:auth-md5' })
    expect(await session(two)).toMatchObject({ outcome: 'completed', authentication: 'ok' })
    expect(nonces('dm-lab')).toEqual(moved)
    expect(nonces('ops')).not.toEqual(other)
    // A nonce set by hand and the device's own are out of step: one challenge mends it.
    await lab.api.devices.setAccount(DEVICE, { serverId: 'ops', clientNonce: '', serverNonce: '' })
    expect(await lab.api.devices.accounts(DEVICE)).toMatchObject([
      { has: ['password', 'serverPassword', 'clientNonce'] },
      { has: ['password', 'serverPassword'] },
    ])
    expect(await session(two)).toMatchObject({ outcome: 'completed', authentication: 'ok' })
  })

  it('what does not fit is refused in words, and nothing is changed', async () => {
    await lab.api.devices.setAccount(DEVICE, { userName: 'one' })
    await expect(lab.api.devices.setAccount(DEVICE, { serverId: 'ops' })).rejects.toThrow(
      `${DEVICE} has the user name one for server dm-lab already: give another userName`,
    )
    await expect(lab.api.devices.setAccount(DEVICE, { clientNonce: 'no base64!' })).rejects.toThrow('clientNonce is no base64')
    expect(await lab.api.devices.accounts(DEVICE)).toHaveLength(1)
    // A new user name replaces the old one, it adds none.
    await lab.api.devices.setAccount(DEVICE, { userName: 'renamed' })
    expect((await lab.api.devices.accounts(DEVICE)).map(({ userName }) => userName)).toEqual(['renamed'])
  })

  it('HTTP API and command line do the same, and neither tells a secret', async () => {
    const dist = join(mkdtempSync(join(tmpdir(), 'dm-lab-dist-')), 'window')
    mkdirSync(join(dist, 'assets'), { recursive: true })
    writeFileSync(join(dist, 'index.html'), '<!doctype html>')
    const token = readFileSync(join(lab.workspace, 'token'), 'utf8').trim()
    const ui = await serveWindow({ api: lab.api, token, dist, host: '127.0.0.1', port: 0 })
    try {
      const url = new URL(`/api/v1/devices/${encodeURIComponent(DEVICE)}/accounts`, ui.url)
      const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' }
      const body = JSON.stringify({ userName: 'own', password: SECRET, serverNonce: btoa('four') })
      const set = await fetch(url, { method: 'POST', headers, body })
      expect([set.status, await set.json()]).toMatchObject([200, { userName: 'own', has: ['password', 'serverPassword', 'serverNonce'] }])
      const got = await (await fetch(url, { headers })).text()
      expect(JSON.parse(got)).toMatchObject({ accounts: [{ device: DEVICE, userName: 'own', secrets: 'plain' }] })
      expect(got).not.toContain(SECRET)
      const wrong = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ secret: 'x' }) })
      expect(wrong.status).toBe(400)
    } finally {
      await ui.close()
      rmSync(join(dist, '..'), { recursive: true })
    }
    const shown = dmlab(['account', DEVICE, '--workspace', lab.workspace])
    expect([shown.code, shown.err, shown.text]).toEqual([
      0,
      '',
      `${DEVICE}  dm-lab  own  authentication any  enrolled  secrets plain  has password, serverPassword, serverNonce\n`,
    ])
    expect(dmlab(['account', DEVICE, '--workspace', lab.workspace, '--json', '--server-id', 'ops']).text).toBe('{"accounts":[]}\n')
    expect(dmlab(['account', DEVICE, '--workspace', lab.workspace, '--enrol', '--refuse'])).toMatchObject({ code: 2 })
  })
})
