// The dialogue with a modem, machine alone: what is said, what is understood, and what every silence and error becomes.
import { describe, expect, test } from 'vitest'
import { AtModem } from '../../core/notify/atmodem.ts'
import type { AtEffect, AtInput } from '../../core/notify/attypes.ts'

/** Answers of a modem by command; '' stays silent. */
type Script = Readonly<Record<string, string>>

const GOOD: Script = {
  AT: 'OK',
  ATE0: 'OK',
  'AT+CMEE=1': 'OK',
  'AT+CGMI': 'Acme\r\n\r\nOK',
  'AT+CGMM': 'M-1\r\n\r\nOK',
  'AT+CPIN?': '+CPIN: READY\r\n\r\nOK',
  'AT+CSQ': '+CSQ: 20,99\r\n\r\nOK',
  'AT+COPS?': '+COPS: 0,0,"Test Net",7\r\n\r\nOK',
  'AT+CSCA?': '+CSCA: "+491722270333",145\r\n\r\nOK',
  'AT+CMGF=0': 'OK',
  'AT+CNMI=2,2,0,1,0': 'OK',
  'AT+CMMS=1': 'OK',
}

/** A machine at a modem that answers by script, at once. */
function bench(script: Script, { echo = true } = {}): { modem: AtModem; effects: AtEffect[]; feed(input: AtInput): void; said(): string[] } {
  const modem = new AtModem()
  const effects: AtEffect[] = []
  let echoes = echo
  const feed = (input: AtInput): void => {
    const queue: AtInput[] = [input]
    for (let next = queue.shift(); next !== undefined; next = queue.shift())
      for (const effect of modem.input(next)) {
        effects.push(effect)
        if (effect.type !== 'write') continue
        const command = effect.text.replace(/\r$/, '')
        const echoed = echoes ? `${effect.text}\n` : ''
        if (command === 'ATE0') echoes = false
        const answer = command.endsWith('\u001a')
          ? script['PDU']
          : (script[command] ?? (command.startsWith('AT+CMGS=') ? (script['CMGS'] ?? '> ') : undefined))
        if (answer === '') continue
        const text = answer === undefined ? '\r\nERROR\r\n' : answer === '> ' ? '\r\n> ' : `\r\n${answer}\r\n`
        queue.push({ type: 'data', text: `${echoed}${text}` })
      }
  }
  return { modem, effects, feed, said: () => effects.flatMap((effect) => (effect.type === 'write' ? [effect.text] : [])) }
}

const partsOf = (effects: readonly AtEffect[]): unknown[] =>
  effects.flatMap((effect) => (effect.type === 'part' ? [[effect.part, effect.state, effect.reference, effect.text]] : []))
const doneOf = (effects: readonly AtEffect[]): unknown[] =>
  effects.flatMap((effect) => (effect.type === 'done' ? [[effect.job, effect.trouble]] : []))

describe('becoming ready', () => {
  test('a modem that echoes is asked its name, SIM, signal and network, and is ready', () => {
    const { modem, feed, said } = bench(GOOD)
    feed({ type: 'open', pin: '' })
    expect(modem.status).toEqual({
      stage: 'ready',
      maker: 'Acme',
      model: 'M-1',
      sim: 'ready',
      dbm: -73,
      operator: 'Test Net',
      smsc: '+491722270333',
      trouble: '',
    })
    expect(said().at(-1)).toBe('AT+CNMI=2,2,0,1,0\r')
  })

  test('nobody there: three times asked, then in words', () => {
    const { modem, feed, said } = bench({ AT: '' })
    feed({ type: 'open', pin: '' })
    for (let i = 0; i < 3; i++) feed({ type: 'timer' })
    expect(said()).toEqual(['AT\r', 'AT\r', 'AT\r'])
    expect(modem.status.stage).toBe('failed')
    expect(modem.status.trouble).toMatch(/^no answer: is this the port of a modem/)
  })

  test.each([
    ['+CPIN: SIM PUK\r\n\r\nOK', 'the SIM wants its PUK: three wrong PINs locked it'],
    ['+CPIN: SIM PIN\r\n\r\nOK', 'the SIM wants its PIN (give it: --pin)'],
  ])('a SIM that says %j ends it', (answer, trouble) => {
    const { modem, feed } = bench({ ...GOOD, 'AT+CPIN?': answer })
    feed({ type: 'open', pin: '' })
    expect(modem.status).toMatchObject({ stage: 'failed', trouble })
  })

  test('a PIN is given once, and shown nowhere', () => {
    const asked = { ...GOOD, 'AT+CPIN?': '+CPIN: SIM PIN\r\n\r\nOK', 'AT+CPIN="4321"': 'OK' }
    const { effects, feed, said } = bench(asked)
    feed({ type: 'open', pin: '4321' })
    expect(said().filter((text) => text.includes('4321'))).toEqual(['AT+CPIN="4321"\r'])
    expect(effects.flatMap((effect) => (effect.type === 'line' ? [effect.text] : [])).join('\n')).not.toContain('4321')
  })

  test('no SIM: known in words, and not the end, since it can be asked again', () => {
    const { modem, feed } = bench({ ...GOOD, 'AT+CPIN?': '+CME ERROR: 10' })
    feed({ type: 'open', pin: '' })
    expect(modem.status).toMatchObject({ stage: 'ready', sim: '+CME ERROR 10: no SIM is in the modem' })
  })

  test('a modem without PDU mode is no use, and says why', () => {
    const { modem, feed } = bench({ ...GOOD, 'AT+CMGF=0': '+CMS ERROR: 303' })
    feed({ type: 'open', pin: '' })
    expect(modem.status.trouble).toBe(
      'the modem takes no PDUs, only text, and a push does not fit into text (+CMS ERROR 303: the operation is not supported)',
    )
  })

  test('what is refused has another form', () => {
    const { modem, feed, said } = bench({ ...GOOD, 'AT+CNMI=2,2,0,1,0': '+CMS ERROR: 303', 'AT+CNMI=1,2,0,1,0': 'ERROR', 'AT+CNMI=2,1,0,2,0': 'OK' })
    feed({ type: 'open', pin: '' })
    expect(said().slice(-3)).toEqual(['AT+CNMI=2,2,0,1,0\r', 'AT+CNMI=1,2,0,1,0\r', 'AT+CNMI=2,1,0,2,0\r'])
    expect(modem.status.stage).toBe('ready')
  })
})

const JOB = { type: 'send', job: { id: 7, parts: [{ hex: '0011AA', length: 2 }] } } as const
const LONG = {
  type: 'send',
  job: {
    id: 8,
    parts: [
      { hex: '0001', length: 1 },
      { hex: '0002', length: 1 },
      { hex: '0003', length: 1 },
    ],
  },
} as const

describe('sending', () => {
  test('the PDU goes behind the prompt and the reference comes back', () => {
    const { modem, effects, feed, said } = bench({ ...GOOD, PDU: '+CMGS: 17\r\n\r\nOK' })
    feed({ type: 'open', pin: '' })
    feed(JOB)
    expect(said().slice(-2)).toEqual(['AT+CMGS=2\r', '0011AA\u001a'])
    expect(partsOf(effects)).toEqual([
      [0, 'sending', null, ''],
      [0, 'sent', 17, 'the modem took it with reference 17'],
    ])
    expect(doneOf(effects)).toEqual([[7, '']])
    expect(modem.status.stage).toBe('ready')
    expect(modem.queued).toBe(0)
  })

  test('the PDU waits for the prompt', () => {
    const { feed, said } = bench({ ...GOOD, CMGS: '' })
    feed({ type: 'open', pin: '' })
    feed(JOB)
    expect(said().at(-1)).toBe('AT+CMGS=2\r')
    feed({ type: 'data', text: '\r\n+CREG: 1\r\n' })
    expect(said().at(-1)).toBe('AT+CMGS=2\r')
    feed({ type: 'data', text: '\r\n>' })
    expect(said().at(-1)).toBe('0011AA\u001a')
  })

  test('parts go one after the other over one link; the second one refused, the third is not sent', () => {
    let sent = 0
    const script = { ...GOOD }
    Object.defineProperty(script, 'PDU', { get: () => (++sent === 2 ? '+CMS ERROR: 38' : `+CMGS: ${String(sent)}\r\n\r\nOK`) })
    const { modem, effects, feed, said } = bench(script)
    feed({ type: 'open', pin: '' })
    feed(LONG)
    expect(said().slice(-5)).toEqual(['AT+CMMS=1\r', 'AT+CMGS=1\r', '0001\u001a', 'AT+CMGS=1\r', '0002\u001a'])
    expect(partsOf(effects).at(-1)).toEqual([1, 'failed', null, '+CMS ERROR 38: the network is out of order'])
    expect(doneOf(effects)).toEqual([[8, '+CMS ERROR 38: the network is out of order']])
    expect(modem.status.stage).toBe('ready')
  })

  test('no prompt: taken back with Esc, and the next message is tried all the same', () => {
    const { effects, feed, said } = bench({ ...GOOD, CMGS: '', '\u001b': '' })
    feed({ type: 'open', pin: '' })
    feed(JOB)
    feed({ type: 'timer' })
    expect(said().at(-1)).toBe('\u001b')
    expect(doneOf(effects)).toEqual([[7, 'no prompt within 10 s']])
    // What answers to Esc is not taken for the answer to what follows.
    feed({ type: 'data', text: '\r\nERROR\r\n' })
    feed({ ...JOB, job: { ...JOB.job, id: 9 } })
    feed({ type: 'data', text: '\r\nOK\r\n' })
    expect(doneOf(effects)).toHaveLength(1)
    expect(said().at(-1)).toBe('AT+CMGS=2\r')
  })

  test('a modem that falls silent fails with all that waits for it', () => {
    const { modem, effects, feed } = bench({ ...GOOD, CMGS: '', '\u001b': '' })
    feed({ type: 'open', pin: '' })
    for (const id of [1, 2, 3, 4]) feed({ ...JOB, job: { ...JOB.job, id } })
    for (let i = 0; i < 5; i++) feed({ type: 'timer' })
    expect(modem.status).toMatchObject({ stage: 'failed', trouble: 'the modem stopped answering' })
    expect(doneOf(effects)).toEqual([
      [1, 'no prompt within 10 s'],
      [2, 'no prompt within 10 s'],
      [3, 'the modem stopped answering'],
      [4, 'the modem stopped answering'],
    ])
    feed({ ...JOB, job: { ...JOB.job, id: 5 } })
    expect(doneOf(effects).at(-1)).toEqual([5, 'the modem stopped answering'])
  })

  test('a port pulled out in the middle tells whom it concerns', () => {
    const { modem, effects, feed } = bench({ ...GOOD, PDU: '' })
    feed({ type: 'open', pin: '' })
    feed(JOB)
    feed({ type: 'gone', reason: 'the port is gone' })
    expect(partsOf(effects).at(-1)).toEqual([0, 'failed', null, 'the port is gone'])
    expect(doneOf(effects)).toEqual([[7, 'the port is gone']])
    expect(modem.status.stage).toBe('closed')
  })
})

describe('what comes by itself', () => {
  const REPORT = '0006110B811007214365F7621112615000406211126150014000'
  const pdus = (effects: readonly AtEffect[]): string[] => effects.flatMap((effect) => (effect.type === 'pdu' ? [effect.hex] : []))

  test('a report in pieces, and one amid a command', () => {
    const { effects, feed } = bench({ ...GOOD, PDU: '' })
    feed({ type: 'open', pin: '' })
    feed({ type: 'data', text: '\r\n+CDS: 25\r' })
    feed({ type: 'data', text: `\n${REPORT.slice(0, 10)}` })
    expect(pdus(effects)).toEqual([])
    feed({ type: 'data', text: `${REPORT.slice(10)}\r\n` })
    expect(pdus(effects)).toEqual([REPORT])
    feed(JOB)
    feed({ type: 'data', text: `\r\n+CDS: 25\r\n${REPORT}\r\n\r\n+CMGS: 4\r\n\r\nOK\r\n` })
    expect(pdus(effects)).toEqual([REPORT, REPORT])
    expect(partsOf(effects).at(-1)).toEqual([0, 'sent', 4, 'the modem took it with reference 4'])
  })

  test('what is stored is read, and left where it is', () => {
    const { effects, feed, said } = bench({ ...GOOD, 'AT+CPMS="SR"': '+CPMS: 1,10\r\n\r\nOK', 'AT+CMGR=3': `+CMGR: ,25\r\n${REPORT}\r\n\r\nOK` })
    feed({ type: 'open', pin: '' })
    feed({ type: 'data', text: '\r\n+CDSI: "SR",3\r\n' })
    expect(said().slice(-2)).toEqual(['AT+CPMS="SR"\r', 'AT+CMGR=3\r'])
    expect(pdus(effects)).toEqual([REPORT])
  })

  test('any rubbish is survived', () => {
    const { modem, feed } = bench(GOOD)
    feed({ type: 'open', pin: '' })
    for (const text of [
      '\0\0\r\n',
      '\r\n+CMT:\r\nnot hex\r\n',
      '> > >',
      '\u00ff'.repeat(9000),
      '\r\n+CMGS: x\r\nOK\r\nERROR\r\n',
      '+CMTI: "SM",\r\n',
    ])
      feed({ type: 'data', text })
    feed({ type: 'timer' })
    expect(modem.status.stage).toBe('ready')
  })
})
