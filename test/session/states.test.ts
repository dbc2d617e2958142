// The table of legal moves: both roles, every pair; what is missing gives exactly one problem note; every rule of the findings table is used.
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Prover } from '../../core/auth/prover.ts'
import { Verifier } from '../../core/auth/verifier.ts'
import { Exchange } from '../../core/session/exchange.ts'
import { RULES } from '../../core/session/rules.ts'
import { CLAUSES, MOVES, nextState } from '../../core/session/states.ts'
import type { Event, Role, State } from '../../core/session/states.ts'
import { fixedEnv } from './support.ts'

const ROLES: readonly Role[] = ['client', 'server']
const STATES: readonly State[] = ['idle', 'mine', 'asked', 'theirs', 'partly', 'after', 'ending', 'over']
const EVENTS = Object.keys(CLAUSES) as Event[]

function exchange(role: Role, state: State): Exchange {
  const x = new Exchange({
    role,
    own: 'me',
    peer: 'you',
    sessionId: '1',
    wire: { encoding: 'xml' },
    contentType: 'application/vnd.syncml.dm+xml',
    maxMsgSize: undefined,
    maxObjSize: undefined,
    respUri: undefined,
    largeObjects: true,
    prover: new Prover({ user: '', password: '', type: 'syncml:auth-basic', nonce: null }),
    verifier: new Verifier({ required: false, nonce: null, makeNonce: () => new Uint8Array(0) }),
    env: fixedEnv(),
  })
  x.state = state
  return x
}

const all = ROLES.flatMap((role) => STATES.flatMap((state) => EVENTS.map((event) => [role, state, event] as const)))
const legal = (role: Role, state: State, event: Event): boolean => nextState(role, state, event) !== null

test('the table has each pair once', () => {
  const keys = MOVES.map(({ role, state, event }) => `${role} ${state} ${event}`)
  expect(new Set(keys).size).toBe(keys.length)
})

describe('every (role, state, event) that the table lacks gives one problem note and moves nothing', () => {
  test.each(all.filter((pair) => !legal(...pair)))('%s, %s, %s', (role, state, event) => {
    const x = exchange(role, state)
    expect(x.move(event)).toBe(false)
    expect(x.state).toBe(state)
    const effects = x.illegal(event)
    expect(effects).toEqual([
      {
        type: 'note',
        note: {
          topic: 'problem',
          text: `${RULES['state.order'].text}: ${role} in state ${state}, ${event}`,
          device: role === 'client' ? 'me' : 'you',
          sessionId: '1',
          finding: {
            rule: 'state.order',
            severity: 'error',
            document: 'PRO',
            clause: CLAUSES[event],
            text: `${RULES['state.order'].text}: ${role} in state ${state}, ${event}`,
            offset: 0,
            length: 0,
          },
        },
      },
    ])
  })
})

describe('every move of the table is made', () => {
  test.each(MOVES.map(({ role, state, event, next }) => [role, state, event, next] as const))('%s, %s, %s -> %s', (role, state, event, next) => {
    const x = exchange(role, state)
    expect(x.move(event)).toBe(true)
    expect(x.state).toBe(next)
  })
})

test('dm 17 and 18: while the package of the other side is open nobody may close his own', () => {
  expect(ROLES.map((role) => nextState(role, 'asked', 'put.final'))).toEqual([null, null])
})

test('dm 19: after an abort the client is done, and the server owes one last word', () => {
  expect([nextState('client', 'theirs', 'get.abort'), nextState('server', 'theirs', 'get.abort')]).toEqual(['over', 'after'])
})

test('no rule of the findings table is idle', () => {
  const folder = resolve(import.meta.dirname, '../../core')
  const sources = ['session', 'server', 'device'].flatMap((name) => readdirSync(join(folder, name)).map((file) => join(folder, name, file)))
  const text = sources
    .filter((file) => file.endsWith('.ts') && !file.endsWith('rules.ts'))
    .map((file) => readFileSync(file, 'utf8'))
    .join('\n')
  expect(Object.keys(RULES).filter((id) => !text.includes(`'${id}'`))).toEqual([])
})
