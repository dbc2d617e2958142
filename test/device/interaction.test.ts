// Questions to a person: in the middle of a session the device stands still until somebody answers, a rule does, or the time is over.
import { describe, expect, test } from 'vitest'
import { misfit, presetAnswer, ruledAnswer } from '../../core/device/answers.ts'
import type { AnswerRule } from '../../core/device/answers.ts'
import { DmClient } from '../../core/device/device.ts'
import type { ClientRecord } from '../../core/device/device.ts'
import { questionOf } from '../../core/device/interaction.ts'
import type { Asked, UiAnswer, UiQuestion } from '../../core/device/interaction.ts'
import { makeDevice, PLAYGROUND } from '../../core/device/profile.ts'
import type { Effect } from '../../core/machine.ts'
import { encode } from '../../core/syncml/codec.ts'
import type { Alert, Command, Request } from '../../core/syncml/message.ts'
import { CLIENT_ACCOUNT, DEVICE, fixedEnv, get, Pair, replace, SERVER_URI } from '../session/support.ts'

const TEXT = `${PLAYGROUND}/Settings/Text`

function ask(code: number, ...items: string[]): Alert {
  return { kind: 'Alert', cmdId: '', code, items: items.map((data) => ({ data })) }
}

const question = (code: number, ...items: string[]): UiQuestion => questionOf(ask(code, ...items)) as UiQuestion
const group = (kind: 'Atomic' | 'Sequence', ...commands: Command[]): Command => ({ kind, cmdId: '', commands: commands as Request[] })

/** A pair whose device is a whole tree with a person in front of it; `answers` in the order they are given. */
function pairOf(...answers: (UiAnswer | null | 'expire')[]) {
  const device = makeDevice({ id: DEVICE, serverUri: SERVER_URI, people: true })
  const pair = new Pair({ performer: device.performer })
  const asked: Asked[] = []
  pair.person = (each) => {
    asked.push(each)
    return answers.shift() ?? null
  }
  const value = (): unknown => device.tree.find(['Vendor', 'DMLab', 'Settings', 'Text'])?.value
  return { pair, asked, value }
}

/** Codes of an order's outcomes, in order. */
const codes = (pair: Pair): string =>
  pair
    .order('o')
    .outcomes.map(({ code, data }) => (data === '' ? String(code) : `${String(code)} ${data}`))
    .join(', ')

describe('at the top level', () => {
  test('dm 46: nothing leaves while a person thinks; the answers come back as Status with Items', () => {
    const { pair, asked } = pairOf({ act: 'ok' }, { act: 'text', text: 'Jane' }, { act: 'chosen', numbers: [2] }, { act: 'chosen', numbers: [1, 3] })
    pair.queue('o', [
      ask(1101, 'MAXDT=30', 'Sure?'),
      ask(1102, 'MAXLEN=10', 'Name?'),
      ask(1103, 'DR=2', 'Which?', 'Home', 'Work'),
      ask(1104, '', 'Many?', 'a', 'b', 'c'),
    ])
    expect(pair.run().detail).toMatchObject({ state: 'completed', messages: 6 })
    expect(codes(pair)).toBe('200, 200 Jane, 200 2, 200 1\n3')
    expect(asked.map(({ question: { kind }, waitMs }) => [kind, waitMs])).toEqual([
      ['confirm', 30_000],
      ['input', 60_000],
      ['choice', 60_000],
      ['choices', 60_000],
    ])
  })

  test('dm 47: "no" concerns nothing else', () => {
    const { pair, value } = pairOf({ act: 'no' })
    pair.queue('o', [ask(1101, '', 'Sure?'), replace(TEXT, 'new')])
    pair.run()
    expect([codes(pair), value()]).toEqual(['304, 200', 'new'])
  })

  test('a cancelled question stops the message: what came before is reported, the rest is 215', () => {
    const { pair, value } = pairOf({ act: 'cancel' })
    pair.queue('o', [replace(TEXT, 'first'), ask(1101, '', 'Sure?'), replace(TEXT, 'second'), get(TEXT)])
    expect(pair.run().detail).toMatchObject({ state: 'completed' })
    expect([codes(pair), value()]).toEqual(['200, 214, 215, 215', 'first'])
  })

  test('time passes: 408, also where there is a default response, unless the device is set to send it', () => {
    const { pair } = pairOf('expire')
    pair.queue('o', [ask(1103, 'MAXDT=30&DR=2', 'Pick a profile', 'Home', 'Work')])
    pair.run()
    expect(codes(pair)).toBe('408')
    const device = makeDevice({ id: DEVICE, serverUri: SERVER_URI, people: true })
    const lenient = new Pair({ performer: device.performer, settings: { onTimeout: 'preset' } })
    lenient.person = () => 'expire'
    lenient.queue('o', [ask(1103, 'MAXDT=30&DR=2', 'Pick a profile', 'Home', 'Work'), ask(1101, '', 'Sure?')])
    lenient.run()
    expect(codes(lenient)).toBe('200 2, 408')
  })

  test('dm 46: nobody there: 406', () => {
    const { pair } = pairOf(null)
    pair.queue('o', [ask(1101, '', 'Sure?')])
    pair.run()
    expect(codes(pair)).toBe('406')
  })
})

describe('in groups', () => {
  test('dm 47: "no" inside Atomic takes everything back', () => {
    const { pair, value } = pairOf({ act: 'no' })
    pair.queue('o', [group('Atomic', replace(TEXT, 'new'), ask(1101, '', 'Sure?'), replace(TEXT, 'newer'))])
    pair.run()
    expect([codes(pair), value()]).toEqual(['215, 216, 304, 215', 'hello'])
  })

  test('"yes" inside Atomic keeps it', () => {
    const { pair, value } = pairOf({ act: 'ok' })
    pair.queue('o', [group('Atomic', replace(TEXT, 'new'), ask(1101, '', 'Sure?'), replace(TEXT, 'newer'))])
    pair.run()
    expect([codes(pair), value()]).toEqual(['200, 200, 200, 200', 'newer'])
  })

  test('dm 47: "no" inside Sequence skips the rest, cancel does too; what was done stays', () => {
    for (const act of ['no', 'cancel'] as const) {
      const { pair, value } = pairOf({ act })
      pair.queue('o', [group('Sequence', replace(TEXT, 'new'), ask(1101, '', 'Sure?'), replace(TEXT, 'newer'))])
      pair.run()
      expect([codes(pair), value()]).toEqual([`200, 200, ${act === 'no' ? '304' : '214'}, 215`, 'new'])
    }
  })

  test('a question is not put where an earlier command of the Atomic failed', () => {
    const { pair, asked } = pairOf({ act: 'ok' })
    pair.queue('o', [group('Atomic', replace(`${PLAYGROUND}/Nowhere`, 'x'), ask(1101, '', 'Sure?'))])
    pair.run()
    expect([codes(pair), asked]).toEqual(['507, 404, 215', []])
  })
})

describe('the machine', () => {
  /** A client that has just asked `alert`; answers its effects as words. */
  function asking(alert: Alert, now = { at: 0 }) {
    const device = makeDevice({ id: DEVICE, serverUri: SERVER_URI, people: true })
    const account = { ...CLIENT_ACCOUNT, auth: 'syncml:auth-basic' as const, serverPassword: '' }
    const env = { ...fixedEnv(), now: () => now.at }
    const base = { serverUri: SERVER_URI, deviceId: DEVICE, account, wire: { encoding: 'xml' as const } }
    const client = new DmClient({ ...base, performer: device.performer, env })
    client.input({ type: 'start', initiated: 'client', sessionId: '1A' })
    const header = { verDtd: '1.2', verProto: 'DM/1.2', sessionId: '1A', msgId: '1', target: { locUri: DEVICE }, source: { locUri: SERVER_URI } }
    const bytes = encode({ header, commands: [{ ...alert, cmdId: '1' }], final: true }, { encoding: 'xml' })
    const frame = { bytes, encoding: 'xml' as const, contentType: '', headers: [], uri: '' }
    const words = (effects: readonly Effect<ClientRecord>[]): string[] =>
      effects.flatMap((effect) => {
        if (effect.type === 'timer') return [`timer ${effect.id} ${String(effect.ms)}`]
        if (effect.type === 'note') return effect.note.topic === 'problem' && effect.note.finding === undefined ? [effect.note.text] : []
        return effect.type === 'ask' ? [`ask ${effect.id} ${effect.topic}`] : [effect.type]
      })
    return { client, words, first: words(client.input({ type: 'frame', link: { link: 1 }, frame })), now }
  }

  test('asks, arms the timer of the question and no other', () => {
    const { first } = asking(ask(1101, 'MAXDT=5', 'Sure?'))
    expect(first).toEqual(['ask interaction 1 interaction', 'timer answer null', 'timer question 5000'])
  })

  test('an answer that does not fit leaves the question open; an answer to another question is told', () => {
    const { client, words } = asking(ask(1102, 'IT=N&MAXLEN=3', 'How many?'))
    expect(words(client.input({ type: 'answer', id: 'interaction 9', value: { act: 'ok' } }))).toEqual([
      'answer interaction 9 to a question nobody asked',
    ])
    expect(words(client.input({ type: 'answer', id: 'interaction 1', value: { act: 'text', text: 'x' } }))).toEqual([
      'the answer does not fit the question: "x" is not a number',
    ])
    expect(words(client.input({ type: 'answer', id: 'interaction 1', value: { act: 'text', text: '12' } }))).toEqual([
      'timer question null',
      'send',
      'timer answer 120000',
    ])
    expect(words(client.input({ type: 'timer', id: 'question' }))).toEqual([])
  })

  test('MINDT: a display seen too soon stays up; its Status leaves when it has stood long enough', () => {
    const { client, words, now } = asking(ask(1100, 'MINDT=10&MAXDT=60', 'Hello'))
    now.at = 4000
    expect(words(client.input({ type: 'answer', id: 'interaction 1', value: { act: 'ok' } }))).toEqual(['timer question 6000'])
    expect(words(client.input({ type: 'timer', id: 'question' }))).toEqual(['timer question null', 'send', 'timer answer 120000'])
  })
})

describe('what fits', () => {
  const input = (options: string): UiQuestion => question(1102, options, '?')
  test.each([
    ['IT=N', ['1', '-2.5', '+7', '.5'], ['', '1,5', 'one']],
    ['IT=D', ['31122008'], ['3112208', '32012008', '2008-12-31']],
    ['IT=T', ['235959', '000000'], ['240000', '1200']],
    ['IT=P', ['+3612345', '123p4w', '1'], ['12 34', '+', 'abc']],
    ['IT=I', ['10.0.0.1', '255.255.255.255'], ['256.1.1.1', '1.2.3', '1.2.3.4.']],
    ['IT=A', ['anything, really', ''], ['two\nlines']],
    ['MAXLEN=2', ['ab', '😀😀'], ['abc']],
  ])('dm 48: input with %s', (options, good, bad) => {
    for (const text of good) expect([text, misfit(input(options), { act: 'text', text })]).toEqual([text, null])
    for (const text of bad) expect(misfit(input(options), { act: 'text', text })).toEqual(expect.any(String))
  })

  test('choices: numbers there are, one for a single choice, none twice', () => {
    const one = question(1103, '', '?', 'a', 'b')
    const many = question(1104, '', '?', 'a', 'b')
    expect(misfit(one, { act: 'chosen', numbers: [2] })).toBeNull()
    for (const numbers of [[], [1, 2], [3], [0], [1.5]]) expect(misfit(one, { act: 'chosen', numbers })).toEqual(expect.any(String))
    expect(misfit(many, { act: 'chosen', numbers: [] })).toBeNull()
    expect(misfit(many, { act: 'chosen', numbers: [1, 1] })).toEqual(expect.any(String))
    expect(misfit(many, { act: 'ok' })).toEqual(expect.any(String))
    expect(misfit(question(1100, '', 'Hello'), { act: 'no' })).toEqual(expect.any(String))
  })

  test('default responses: only those that fit', () => {
    expect(presetAnswer(question(1101, 'DR=0', '?'))).toEqual({ act: 'no' })
    expect(presetAnswer(question(1104, 'DR=1-3', '?', 'a', 'b', 'c'))).toEqual({ act: 'chosen', numbers: [1, 3] })
    expect(presetAnswer(question(1103, 'DR=9', '?', 'a'))).toBeNull()
    expect(presetAnswer(question(1102, 'DR=abc&IT=N', '?'))).toBeNull()
    expect(presetAnswer(question(1100, 'DR=1', 'Hello'))).toBeNull()
  })

  test.each<[AnswerRule, number, (UiAnswer | null)[]]>([
    ['accept', 1101, [{ act: 'ok' }]],
    ['reject', 1101, [{ act: 'no' }]],
    ['reject', 1103, [{ act: 'cancel' }]],
    ['accept', 1103, [{ act: 'chosen', numbers: [1] }]],
    ['cancel', 1102, [{ act: 'cancel' }]],
    ['timeout', 1100, [null]],
    [{ text: 'Jane' }, 1102, [{ act: 'text', text: 'Jane' }]],
    [{ text: 'Work' }, 1103, [{ act: 'chosen', numbers: [2] }]],
    [{ text: '1,Work' }, 1104, [{ act: 'chosen', numbers: [1, 2] }]],
    [{ text: 'Mars' }, 1103, [{ act: 'cancel' }]],
    [{ text: 'no' }, 1101, [{ act: 'no' }]],
  ])('rule %j for %i', (rule, code, [answer]) => {
    expect(ruledAnswer(rule, question(code, '', '?', 'Home', 'Work'))).toEqual(answer)
  })
})
