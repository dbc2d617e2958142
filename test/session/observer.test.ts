// Sessions of our own two sides, watched from outside: no finding about what is right, the session's end seen; and each planted offence named.
import { describe, expect, test } from 'vitest'
import { Observer } from '../../core/session/observer.ts'
import { decode, encode } from '../../core/syncml/codec.ts'
import type { Message } from '../../core/syncml/message.ts'
import { get } from './support.ts'
import { World } from './world.ts'

/** A server that has a question. */
const asking = (): World =>
  new World({ policy: { next: (view) => (view.round === 0 ? [{ order: null, commands: [get('./DevInfo/Man'), get('./DevDetail/FwV')] }] : []) } })

const heard = (
  world: World,
  change: (message: Message, i: number) => Message | null = (message) => message,
): { rules: string[]; ends: string[]; nonces: number } => {
  const observer = new Observer()
  const rules: string[] = []
  const ends: string[] = []
  let nonces = 0
  for (const [i, line] of world.wire.entries()) {
    const message = change(line.message, i)
    if (message === null) continue
    const same = message === line.message
    const bytes = same ? line.frame.bytes : encode(message, { encoding: line.frame.encoding })
    const seen = observer.hear(line.up ? 'up' : 'down', same ? message : decode(bytes, line.frame.encoding).message, bytes)
    rules.push(...seen.findings.filter(({ severity }) => severity === 'warn' || severity === 'error').map(({ rule }) => `${i}:${rule}`))
    if (seen.end !== null) ends.push(seen.end.state)
    if (seen.nonce !== null) nonces += 1
  }
  return { rules, ends, nonces }
}

describe('an observed session', () => {
  test.each(['syncml:auth-basic', 'syncml:auth-md5', 'syncml:auth-MAC'] as const)('%s, both encodings: nothing to blame, completed', async (auth) => {
    for (const encoding of ['xml', 'wbxml'] as const) {
      const world = asking()
      const [end] = await world.hold(world.client({ auth, encoding }))
      expect(end?.outcome).toBe('completed')
      const seen = heard(world)
      expect(seen).toMatchObject({ rules: [], ends: ['completed'] })
      expect(seen.nonces > 0).toBe(auth !== 'syncml:auth-basic')
    }
  })

  test('wrong credentials: the last refusal is the end', async () => {
    const world = asking()
    await world.hold(world.client({ password: 'wrong' }))
    expect(heard(world)).toMatchObject({ rules: [], ends: ['failed'] })
  })

  test('offences of either side have their names', async () => {
    const world = asking()
    await world.hold(world.client())
    const asked = world.wire.findIndex(({ up, message }) => !up && message.commands.some(({ kind }) => kind === 'Get'))
    expect(asked).toBeGreaterThan(0)
    const noGet = (message: Message): Message => ({
      ...message,
      commands: message.commands.filter((one) => !(one.kind === 'Status' && one.cmd === 'Get')),
    })
    expect(heard(world, (message, i) => (i === asked + 1 ? noGet(message) : message)).rules).toContain(`${asked + 1}:status.missing`)
    const msgId = (message: Message): Message => ({ ...message, header: { ...message.header, msgId: '9' } })
    expect(heard(world, (message, i) => (i === asked ? msgId(message) : message)).rules).toContain(`${asked}:hdr.msgid.order`)
    const session = (message: Message): Message => ({ ...message, header: { ...message.header, sessionId: '77' } })
    expect(heard(world, (message, i) => (i === 1 ? session(message) : message)).rules).toContain('1:hdr.session.changed')
    // Two messages of the device in a row: the answer between them is missing.
    expect(heard(world, (message, i) => (i === asked ? null : message)).rules).toContain(`${asked + 1}:state.order`)
  })

  test('the same message again is a resend, and nothing else', async () => {
    const world = asking()
    await world.hold(world.client())
    const observer = new Observer()
    const [first] = world.wire
    if (first === undefined) throw new Error('nothing was sent')
    observer.hear('up', first.message, first.frame.bytes)
    expect(observer.hear('up', first.message, first.frame.bytes).findings.map(({ rule }) => rule)).toEqual(['hdr.resend'])
  })
})
