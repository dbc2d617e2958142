// Story of devices nobody knows: the card, adopting and ignoring, "why 401?" from recorded messages, resets, and the dialect file; a real lab, real sockets.
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { DialectState, WantsToTalk } from '../../core/api.ts'
import { md5Credential } from '../../core/auth/credentials.ts'
import { decode } from '../../core/syncml/codec.ts'
import { fromBase64 } from '../../core/syncml/text.ts'
import { PATIENCE } from '../support/patience.ts'
import { deviceOf, packageOne, postBody, realLab, session } from '../support/reallab.ts'
import type { RealLab } from '../support/reallab.ts'

let lab: RealLab
const DEVICE = 'IMEI:350000000000017'
const SECRET = { user: 'phone', password: 'phone-secret' }

beforeEach(async () => {
  lab = await realLab({ enrol: 'ask' })
})
afterEach(() => lab.end())

const stranger = (more: object = {}) => deviceOf(lab, { id: DEVICE, ...SECRET, ...more })

describe('a device nobody knows', () => {
  test('shows a password: a card; adopted, it comes in with what it showed; the card is gone', async () => {
    const told: (readonly WantsToTalk[])[] = []
    lab.api.on('wants', ({ open }) => void told.push(open))
    const client = stranger()
    expect((await session(client)).outcome).toBe('failed')
    await expect.poll(() => told.at(-1)?.length).toBe(1)
    const [card, ...none] = await lab.api.devices.wants()
    expect(none).toEqual([])
    expect(card).toMatchObject({ device: DEVICE, userName: SECRET.user, shown: 'basic', times: 1 })
    expect(card?.manufacturer).not.toBe('')
    expect(card?.remote).toMatch(/^127\.0\.0\.1:/)
    expect(JSON.stringify(card)).not.toContain(SECRET.password)
    expect((await session(client)).outcome).toBe('failed')
    expect((await lab.api.devices.wants())[0]?.times).toBe(2)
    expect((await lab.api.evidence.why(card?.seq ?? 0)).cause.id).toBe('account.waiting')
    await lab.api.devices.decide(DEVICE, 'adopt')
    expect(await lab.api.devices.wants()).toEqual([])
    expect((await session(client)).outcome).toBe('completed')
    await expect.poll(() => told.at(-1)?.length).toBe(0)
    await expect(lab.api.devices.decide(DEVICE, 'adopt')).rejects.toThrow('enrolled already')
    await expect(lab.api.devices.decide('IMEI:never', 'adopt')).rejects.toThrow('nothing to decide')
  })

  test('ignored: no card any more, refused in words; adopted later all the same', async () => {
    const client = stranger()
    await session(client)
    await lab.api.devices.decide(DEVICE, 'ignore')
    expect((await session(client)).outcome).toBe('failed')
    expect(await lab.api.devices.wants()).toEqual([])
    expect((await lab.api.devices.list()).find(({ id }) => id === DEVICE)?.state).toBe('refused')
    const rows = await lab.rows()
    const last = rows.filter(({ direction, kind }) => kind === 'message' && direction === 'up').at(-1)
    expect((await lab.api.evidence.why(last?.seq ?? 0)).cause.id).toBe('account.refused')
    await lab.api.devices.decide(DEVICE, 'adopt')
    expect((await session(client)).outcome).toBe('completed')
  })

  test('shows only a digest: adopted, it is asked for Basic once, and that becomes its account', async () => {
    const client = stranger({ auth: 'syncml:auth-md5' })
    expect((await session(client)).outcome).toBe('failed')
    expect((await lab.api.devices.wants())[0]?.adopting).toMatch(/asked for Basic once/)
    await lab.api.devices.decide(DEVICE, 'adopt')
    expect((await session(client)).outcome).toBe('completed')
    expect(await lab.api.devices.accounts(DEVICE)).toMatchObject([{ device: DEVICE, userName: SECRET.user, state: 'enrolled' }])
    expect((await lab.api.devices.accounts(DEVICE))[0]?.has).toContain('password')
    expect((await session(client)).outcome).toBe('completed')
    expect((await session(stranger({ password: 'another' }))).outcome).toBe('failed')
  })

  test('adopt always: the others that wait come in too, and whoever comes next, also after a restart', async () => {
    const other = stranger({ id: 'IMEI:other' })
    await session(stranger())
    await session(other)
    await lab.api.devices.decide(DEVICE, 'adopt always')
    expect(await lab.api.devices.wants()).toEqual([])
    expect((await session(other)).outcome).toBe('completed')
    expect((await session(stranger({ id: 'IMEI:third' }))).outcome).toBe('completed')
    const { workspace } = lab
    await lab.stop()
    lab = await realLab({ workspace, host: '127.0.0.1' })
    expect((await session(stranger({ id: 'IMEI:fourth', serverUri: lab.ready.dm }))).outcome).toBe('completed')
  })
})

/** A Package #1 with a digest in place of the password. */
const withDigest = (device: string, id: string, digest: string): string =>
  packageOne({ device, session: id, cred: digest }).replace('syncml:auth-basic', 'syncml:auth-md5')

/** The nonce of an answer's Chal. */
function nonceOf(text: string): Uint8Array {
  const { message } = decode(new TextEncoder().encode(text), 'xml')
  for (const command of message.commands)
    if (command.kind === 'Status' && command.chal?.meta.nextNonce !== undefined)
      return fromBase64(command.chal.meta.nextNonce.text) ?? new Uint8Array()
  throw new Error('no nonce')
}

describe('why 401?', () => {
  test('a nonce that another has replaced, by its row; asked of the message or of the answer; never the secret', async () => {
    await lab.api.devices.setAccount(DEVICE, { userName: 'lab', password: 'sehr-geheim', auth: 'md5' })
    const challenge = nonceOf((await postBody(lab.ready.dm, packageOne({ device: DEVICE, session: '1' }))).text)
    const again = withDigest(DEVICE, '1', md5Credential('lab', 'sehr-geheim', challenge)).replace('<MsgID>1</MsgID>', '<MsgID>2</MsgID>')
    const kept = nonceOf((await postBody(lab.ready.dm, again)).text)
    await postBody(lab.ready.dm, withDigest(DEVICE, '2', md5Credential('lab', 'sehr-geheim', kept)))
    await postBody(lab.ready.dm, withDigest(DEVICE, '3', md5Credential('lab', 'sehr-geheim', kept)))
    const rows = (await lab.rows()).filter(({ kind }) => kind === 'message')
    const last = rows.filter(({ direction }) => direction === 'up').at(-1)
    const why = await lab.api.evidence.why(last?.seq ?? 0)
    expect(why).toMatchObject({ device: DEVICE, shown: 'md5', code: 401, verdict: 'found' })
    expect(why.cause.id).toBe('nonce.stale')
    expect(why.cause.text).toContain('message')
    expect(why.nonces[0]?.role).toBe('expected')
    expect(await lab.api.evidence.why(why.answer ?? 0)).toEqual(why)
    expect(JSON.stringify(why)).not.toContain('sehr-geheim')
    await expect(lab.api.evidence.why(9999)).rejects.toThrow('there is no row 9999')
  })

  test('the password of another account, a challenge answered, a nonce set by hand', async () => {
    await lab.api.devices.setAccount(DEVICE, { userName: 'lab', password: 'mine', auth: 'basic' })
    await lab.api.devices.setAccount('IMEI:2', { userName: 'two', password: 'theirs' })
    await postBody(lab.ready.dm, packageOne({ device: DEVICE, cred: btoa('lab:theirs') }))
    const up = (await lab.rows()).find(({ direction, kind }) => kind === 'message' && direction === 'up')
    expect(await lab.api.evidence.why(up?.seq ?? 0)).toMatchObject({ code: 401, verdict: 'found', cause: { id: 'password.other' } })
    await postBody(lab.ready.dm, packageOne({ device: DEVICE, session: '9', cred: btoa('lab:mine') }))
    const good = (await lab.rows()).filter(({ direction, kind }) => kind === 'message' && direction === 'up').at(-1)
    expect(await lab.api.evidence.why(good?.seq ?? 0)).toMatchObject({ code: 212, verdict: 'right' })
    await lab.api.devices.setAccount(DEVICE, { clientNonce: btoa('by-hand-nonce-1234.'), auth: 'md5' })
    await postBody(lab.ready.dm, withDigest(DEVICE, '10', md5Credential('lab', 'mine', new TextEncoder().encode(btoa('by-hand-nonce-1234.')))))
    const raw = (await lab.rows()).filter(({ direction, kind }) => kind === 'message' && direction === 'up').at(-1)
    expect(await lab.api.evidence.why(raw?.seq ?? 0)).toMatchObject({
      code: 401,
      verdict: 'found',
      cause: { id: expect.stringContaining('nonce.text') as unknown },
    })
  })
})

describe('a device goes back', () => {
  test('a simulated one is as it was made: what was written is gone, what was queued too', async () => {
    const { id } = await lab.api.devices.simulate({ id: 'IMEI:sim', mo: ['scomo'] })
    await lab.until((rows) => rows.some(({ kind, device }) => kind === 'message' && device === id))
    const done = async (): Promise<void> => {
      const end = performance.now() + PATIENCE
      while ((await lab.api.trace.sessions()).some(({ state }) => state === 'open')) {
        if (performance.now() > end) throw new Error('a session stays open')
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    }
    await done()
    await lab.api.devices.queue(id, [
      { kind: 'Add', locUri: './Vendor/DMLab/Scratch/m', format: 'chr', data: '1' },
      { kind: 'Get', locUri: './Vendor/DMLab/Scratch/m' },
    ])
    await lab.api.devices.simulate({ id, mo: ['scomo'] })
    await lab.until((rows) => rows.some(({ commands }) => commands.includes('Add')))
    await done()
    const answer = (await lab.rows()).find(({ commands, direction }) => direction === 'up' && commands.length === 1 && commands[0] === 'Results')
    expect(answer?.statuses).toEqual(['200', '200', '200'])
    await lab.api.devices.queue(id, [{ kind: 'Delete', locUri: './Vendor/DMLab/Scratch/m' }])
    const told = await lab.api.devices.reset(id, {})
    expect(told.done).toEqual(expect.arrayContaining(['1 queued order is dropped', expect.stringContaining('as it was made')]))
    await lab.api.devices.queue(id, [{ kind: 'Get', locUri: './Vendor/DMLab/Scratch/m' }])
    const before = (await lab.rows()).length
    await lab.api.devices.simulate({ id, mo: ['scomo'] })
    const rows = await lab.until((all) => all.slice(before).some(({ statuses }) => statuses.includes('404')))
    expect(rows.slice(before).some(({ commands }) => commands.includes('Delete'))).toBe(false)
  })

  test('a real one by commands at its next session: nonces forgotten, tree back to the snapshot', async () => {
    await lab.api.devices.setAccount(DEVICE, { userName: SECRET.user, password: SECRET.password, auth: 'md5' })
    const client = stranger({ auth: 'syncml:auth-md5' })
    expect((await session(client)).outcome).toBe('completed')
    await lab.api.devices.queue(DEVICE, [
      { kind: 'Add', locUri: './Vendor/DMLab/Scratch/a', format: 'chr', data: 'old' },
      { kind: 'Get', locUri: './Vendor/DMLab/Scratch/a' },
    ])
    await session(client)
    await lab.api.tree.snapshot({ device: DEVICE }, 'good')
    await lab.api.devices.queue(DEVICE, [
      { kind: 'Replace', locUri: './Vendor/DMLab/Scratch/a', format: 'chr', data: 'new' },
      { kind: 'Get', locUri: './Vendor/DMLab/Scratch/a' },
    ])
    await session(client)
    const told = await lab.api.devices.reset(DEVICE, { snapshot: 'good' })
    expect(told).toMatchObject({ order: expect.stringMatching(/./) as unknown })
    expect(told.done.join()).toMatch(/nonces are forgotten/)
    expect((await lab.api.devices.accounts(DEVICE))[0]?.has).not.toContain('clientNonce')
    expect((await session(client)).outcome).toBe('completed')
    expect(await lab.api.tree.order(told.order)).toMatchObject({ state: 'done' })
    expect((await lab.api.tree.node({ device: DEVICE }, './Vendor/DMLab/Scratch/a', '')).node.value).toBe('old')
  })
})

describe('the dialect file', () => {
  const file = (): string => join(lab.workspace, 'dialect.json')

  test('shows an example where there is none, refuses mistakes with their place, is in force at once, follows the disk', async () => {
    const state = await lab.api.dialect.get()
    expect(state).toMatchObject({ exists: false, inForce: true, rules: 0 })
    expect(await lab.api.dialect.check(state.text)).toEqual([])
    await expect(lab.api.dialect.put('{ "rules": [ { "profil": "small" } ] }')).rejects.toThrow(/^line 1, column 16: unknown name "profil"/)
    expect(existsSync(file())).toBe(false)
    const told: DialectState[] = []
    lab.api.on('dialect', (now) => void told.push(now))
    await lab.api.dialect.put(`{ "rules": [ { "device": "IMEI:35*", "roots": { "scomo": "./Vendor/SCM" }, "profile": "plain" } ] }`)
    expect(await lab.api.dialect.view(DEVICE)).toMatchObject({ rules: [0], roots: { scomo: './Vendor/SCM' }, profile: 'plain' })
    expect((await lab.api.dialect.view('IMEI:9')).rules).toEqual([])
    const wait = async (good: (now: DialectState) => boolean): Promise<void> => {
      for (const end = performance.now() + PATIENCE; !told.some(good); await new Promise((resolve) => setTimeout(resolve, 20)))
        if (performance.now() > end) throw new Error(`still not so: ${JSON.stringify(told)}`)
    }
    writeFileSync(file(), '{ "rules": [ \n { "profile": "none" } ] }')
    await wait(({ inForce, problems }) => !inForce && problems[0]?.line === 2)
    // What was in force stays.
    expect(await lab.api.dialect.view(DEVICE)).toMatchObject({ profile: 'plain' })
    rmSync(file())
    await wait(({ exists, rules }) => !exists && rules === 0)
    expect((await lab.api.dialect.view(DEVICE)).profile).toBe('')
  })

  test('the profile counts from the next session: no RespURI for those devices, one for the others', async () => {
    await lab.api.devices.setAccount(DEVICE, { userName: 'lab', password: 'lab', auth: 'basic' })
    const answer = async (id: string): Promise<string> => (await postBody(lab.ready.dm, packageOne({ device: DEVICE, session: id }))).text
    expect(await answer('1')).toContain('<RespURI>')
    await lab.api.dialect.put(`{ "rules": [ { "device": "${DEVICE}", "profile": "plain" } ] }`)
    expect(readFileSync(file(), 'utf8')).toContain(DEVICE)
    expect(await answer('2')).not.toContain('<RespURI>')
  })

  test('a root that is named is not searched for; nodes go out under the names of the device', async () => {
    await lab.api.devices.setAccount(DEVICE, { userName: 'lab', password: 'lab', auth: 'basic' })
    await postBody(lab.ready.dm, packageOne({ device: DEVICE, session: '1' }))
    await lab.api.dialect.put(
      `{ "rules": [ { "device": "${DEVICE}", "roots": { "scomo": "./Vendor/SCM" }, "nodes": { "scomo:Inventory": "Lager" } } ] }`,
    )
    await lab.api.jobs.create({ device: DEVICE, type: 'scomo', op: 'remove', component: 'app' })
    const { text } = await postBody(lab.ready.dm, packageOne({ device: DEVICE, session: '2' }))
    expect(text).toContain('./Vendor/SCM/Lager?list=StructData')
    expect(text).not.toContain('prop=Type')
  })
})
