// The stepper's story: hold, step, decide, abandon; nothing held is ever lost.
import { expect, test } from 'vitest'
import type { Held, Verdict } from '../../core/api.ts'
import { Stepper } from '../../core/lab/stepper.ts'

const card = (id: number): Held => ({
  id,
  seq: id,
  at: 0,
  direction: 'up',
  hop: 'S-D',
  device: 'IMEI:1',
  sessionId: '1',
  commands: ['Alert 1201'],
  encoding: 'xml',
  why: 'every message is held',
  peerWaits: true,
})

test('off lets everything pass, all holds everything, session only its own', () => {
  const stepper = new Stepper()
  expect(stepper.why(1)).toBeNull()
  stepper.setMode({ mode: 'all' })
  expect(stepper.why(1)).toBe('every message is held')
  stepper.setMode({ mode: 'session', session: 7 })
  expect(stepper.why(1)).toBeNull()
  expect(stepper.why(7)).toBe('every message of this session is held')
})

test('a step lets one go and holds the next of the same session, once', () => {
  const stepper = new Stepper()
  const seen: Verdict[] = []
  stepper.hold(card(1), 7, (verdict) => seen.push(verdict))
  stepper.decide(1, { act: 'step' })
  expect(seen).toEqual([{ act: 'step' }])
  expect(stepper.why(8)).toBeNull()
  expect(stepper.why(7)).toBe('step: the next message of this session')
  expect(stepper.why(7)).toBeNull()
})

test('changing the mode releases nothing that is held', () => {
  const stepper = new Stepper()
  stepper.setMode({ mode: 'all' })
  stepper.hold(card(1), 7, () => expect.unreachable())
  stepper.setMode({ mode: 'off' })
  expect(stepper.held().map((held) => held.id)).toEqual([1])
  expect(stepper.waiting).toBe(true)
})

test('a card whose peer left stays, can be dropped, and cannot be continued', () => {
  const stepper = new Stepper()
  stepper.hold(card(1), 7, () => expect.unreachable())
  stepper.abandon((held) => held.id === 1)
  expect(stepper.held()[0]?.peerWaits).toBe(false)
  expect(stepper.waiting).toBe(false)
  expect(() => stepper.decide(1, { act: 'continue' })).toThrow('the peer of this message is gone')
  stepper.decide(1, { act: 'drop' })
  expect(stepper.count).toBe(0)
})

test('deciding what is not there says so, and numbers of restored cards are not given again', () => {
  const stepper = new Stepper()
  expect(() => stepper.decide(9, { act: 'continue' })).toThrow('nothing is held under number 9')
  stepper.hold(card(41), 1, null)
  expect(stepper.nextId()).toBe(42)
})
