// The dialogue with a serial AT modem as a machine: what it says in, what is written and what became of messages out; one command at a time (TS 27.005, 27.007).
import { errorText, dbmOf, simText } from './atcodes.ts'
import { AtLines } from './atlines.ts'
import { opening, READ_CENTRE, reading, sending, TAKE_BACK } from './atsteps.ts'
import type { Step } from './atsteps.ts'
import type { AtEffect, AtInput, AtJob, AtStatus } from './attypes.ts'

const CLOSED: AtStatus = { stage: 'closed', maker: '', model: '', sim: '', dbm: null, operator: '', smsc: '', trouble: '' }
/** Commands in a row that may stay unanswered before the modem counts as gone. */
const SILENCES = 2
/** Unasked lines whose next line is a PDU. */
const PDU_FOLLOWS = /^\+(?:CMT|CDS):/
const STORED = /^\+(CMTI|CDSI):\s*"?([A-Z]{2})"?\s*,\s*(\d+)/

/** One modem. `input` never throws on anything a modem can say. */
export class AtModem {
  #status: AtStatus = CLOSED
  readonly #lines = new AtLines()
  /** Steps still to do; the first one is under way where `#waiting`. */
  #steps: Step[] = []
  #waiting = false
  #answer: string[] = []
  #tries = 0
  #prompted = false
  #silent = 0
  #pduNext = false
  #jobs: AtJob[] = []
  #out: AtEffect[] = []

  get status(): AtStatus {
    return this.#status
  }

  /** Messages that wait or are under way. */
  get queued(): number {
    return this.#jobs.length
  }

  input(input: AtInput): AtEffect[] {
    this.#out = []
    if (input.type === 'open') this.#open(input.pin)
    else if (input.type === 'gone') this.#gone(input.reason)
    else if (this.#status.stage === 'closed' || this.#status.stage === 'failed') this.#refuse(input)
    else if (input.type === 'data') this.#data(input.text)
    else if (input.type === 'timer') this.#late()
    else if (input.type === 'send') this.#enqueue(input.job)
    else {
      this.#steps.push(...opening('').filter(({ look }) => look === true))
      this.#next()
    }
    return this.#out
  }

  #open(pin: string): void {
    this.#status = { ...CLOSED, stage: 'asking' }
    this.#lines.clear()
    this.#steps = opening(pin)
    this.#waiting = false
    this.#silent = 0
    this.#pduNext = false
    this.#out.push({ type: 'moved' })
    this.#next()
  }

  #gone(reason: string): void {
    const { stage } = this.#status
    if (stage === 'closed') return
    this.#end(stage === 'failed' ? this.#status.trouble : '', reason)
    if (stage !== 'failed') this.#set({ stage: 'closed' })
  }

  #refuse(input: AtInput): void {
    if (input.type !== 'send') return
    this.#out.push({ type: 'done', job: input.job.id, trouble: this.#status.trouble === '' ? 'the modem is not open' : this.#status.trouble })
  }

  #enqueue(job: AtJob): void {
    this.#jobs.push(job)
    this.#steps.push(...sending(job))
    this.#next()
  }

  // -- what comes

  #data(text: string): void {
    for (const token of this.#lines.take(text)) {
      if ('prompt' in token) this.#prompt()
      else this.#line(token.line)
    }
  }

  #prompt(): void {
    const step = this.#waiting ? this.#steps[0] : undefined
    if (step?.pdu === undefined) return this.#say('in', '>', 'a prompt nobody asked for')
    this.#prompted = true
    this.#say('in', '>', 'the modem waits for the PDU')
    this.#write(`${step.pdu}\u001a`, 'the PDU, ended by Ctrl-Z')
    this.#out.push({ type: 'timer', ms: step.ms })
  }

  #line(line: string): void {
    this.#silent = 0
    if (this.#pduNext) {
      this.#pduNext = false
      if (/^[0-9A-Fa-f]+$/.test(line)) return this.#pdu(line)
    }
    if (PDU_FOLLOWS.test(line)) {
      this.#pduNext = true
      return this.#say('in', line, line.startsWith('+CMT') ? 'an SMS came' : 'a status report came')
    }
    const stored = STORED.exec(line)
    if (stored !== null) {
      this.#say('in', line, `${stored[1] === 'CMTI' ? 'an SMS' : 'a status report'} came into the storage ${stored[2] ?? ''}`)
      this.#steps.push(...reading(stored[2] ?? '', Number(stored[3])))
      return this.#next()
    }
    const step = this.#waiting ? this.#steps[0] : undefined
    if (step === undefined) return this.#say('in', line, 'unasked')
    if (line === step.command || line === step.pdu) return this.#say('in', line, 'echo')
    if (line === 'OK' && step.pdu !== undefined && !this.#prompted) return this.#say('in', line, 'unasked: the prompt has not come')
    if (line === 'OK') {
      this.#say('in', line, '')
      return this.#answered(step, null)
    }
    const error = errorText(line)
    if (error !== null) {
      this.#say('in', line, error)
      return this.#answered(step, error)
    }
    // What is announced by another name than the one asked for came by itself.
    const name = /^(\+[A-Z]+):/.exec(line)?.[1]
    if (name !== undefined && step.prefix !== undefined && name !== step.prefix) return this.#say('in', line, 'unasked')
    this.#say('in', line, '')
    this.#answer.push(line)
  }

  #pdu(hex: string): void {
    this.#say('in', hex, 'its PDU')
    this.#out.push({ type: 'pdu', hex })
  }

  // -- steps

  #next(): void {
    if (this.#waiting) return
    const step = this.#steps[0]
    if (step === undefined) {
      if (this.#status.stage !== 'ready') this.#set({ stage: 'ready' })
      this.#out.push({ type: 'timer', ms: null })
      return
    }
    this.#waiting = true
    this.#prompted = false
    if (step.look === true && this.#status.stage === 'ready') this.#set({ stage: 'asking' })
    this.#answer = []
    const { job, part } = step
    if (job !== undefined) {
      if (this.#status.stage !== 'sending') this.#set({ stage: 'sending' })
      if (part !== undefined) this.#out.push({ type: 'part', job, part, state: 'sending', reference: null, text: '' })
    }
    this.#write(step.quiet === true ? step.command : `${step.command}\r`, step.text)
    this.#out.push({ type: 'timer', ms: step.pdu === undefined ? step.ms : PROMPT_MS })
  }

  #answered(step: Step, error: string | null): void {
    this.#waiting = false
    this.#tries = 0
    this.#steps.shift()
    const answer = this.#answer
    if (step.part !== undefined && step.job !== undefined) this.#sent(step, step.job, step.part, answer, error)
    else if (error !== null) this.#refused(step, error)
    else this.#learn(step, answer)
    if (this.#status.stage !== 'failed') this.#next()
  }

  /** A command failed: another form of it, or it was wanted for nothing more than to know, or all ends. */
  #refused(step: Step, error: string): void {
    if (step.otherwise !== undefined) this.#steps.unshift(step.otherwise)
    else if (step.needed === true) this.#fail(step.failed?.(error) ?? `${step.command}: ${error}`)
    else if (step.command === 'AT+CPIN?') this.#set({ sim: error })
  }

  #learn(step: Step, answer: readonly string[]): void {
    const [first = ''] = answer
    const said =
      step.prefix === undefined ? first : (answer.find((line) => line.startsWith(`${step.prefix ?? ''}:`)) ?? '').replace(/^\+[A-Z]+:\s*/, '')
    const quoted = (): string => /"([^"]*)"/.exec(said)?.[1] ?? ''
    switch (step.learn) {
      case 'maker':
        return this.#set({ maker: said.replace(/"/g, '') })
      case 'model':
        return this.#set({ model: said.replace(/"/g, '') })
      case 'signal':
        return this.#set({ dbm: dbmOf(Number(/^\d+/.exec(said)?.[0] ?? 99)) })
      case 'operator':
        return this.#set({ operator: quoted() })
      case 'centre':
        return this.#set({ smsc: quoted() })
      case 'sim': {
        this.#set({ sim: simText(said) })
        if (said === 'READY' || said === '') return
        if (said === 'SIM PIN' && step.pin !== undefined) return void this.#steps.unshift(step.pin, { ...step, pin: undefined })
        return this.#fail(`the SIM ${simText(said)}${said === 'SIM PIN' ? ' (give it: --pin)' : ''}`)
      }
      case 'stored': {
        const pdu = answer.find((line) => /^[0-9A-Fa-f]{20,}$/.test(line))
        if (pdu !== undefined) this.#pdu(pdu)
        return
      }
      case undefined:
    }
  }

  #sent(step: Step, job: number, part: number, answer: readonly string[], error: string | null): void {
    const reference = /^\+CMGS:\s*(\d+)/.exec(answer.find((line) => line.startsWith('+CMGS:')) ?? '')?.[1]
    if (error !== null) return this.#giveUp(job, part, error)
    const known = reference === undefined ? null : Number(reference)
    const text = known === null ? 'the modem took it and gave no reference' : `the modem took it with reference ${String(known)}`
    this.#out.push({ type: 'part', job, part, state: 'sent', reference: known, text })
    if (step.last === true) this.#done(job, '')
  }

  #giveUp(job: number, part: number, reason: string): void {
    this.#out.push({ type: 'part', job, part, state: 'failed', reference: null, text: reason })
    this.#steps = this.#steps.filter((step) => step.job !== job)
    if (reason.startsWith('no ')) this.#steps.unshift(TAKE_BACK)
    this.#done(job, reason)
    if (/^\+CMS ERROR 330:/.test(reason)) this.#steps.unshift(READ_CENTRE)
  }

  #done(job: number, trouble: string): void {
    this.#jobs = this.#jobs.filter(({ id }) => id !== job)
    this.#out.push({ type: 'done', job, trouble })
  }

  // -- silence

  #late(): void {
    const step = this.#waiting ? this.#steps[0] : undefined
    if (step === undefined) return
    if (step.quiet === true) return this.#answered(step, null)
    this.#silent++
    this.#say('lab', '', `no answer to ${step.command}`)
    if (step.repeat !== undefined && this.#tries + 1 < step.repeat) {
      this.#tries++
      this.#waiting = false
      return this.#next()
    }
    if (step.command === 'AT' || this.#silent > SILENCES)
      return this.#fail(
        step.command === 'AT'
          ? 'no answer: is this the port of a modem (many have several ports, one of them for AT commands), is its speed right, is it switched on?'
          : 'the modem stopped answering',
      )
    const early = step.pdu !== undefined && !this.#prompted
    const reason = early ? `no prompt within ${String(PROMPT_MS / 1000)} s` : `no answer within ${String(step.ms / 1000)} s`
    this.#answered(step, reason)
  }

  #fail(trouble: string): void {
    this.#end(trouble, trouble)
    this.#set({ stage: 'failed', trouble })
  }

  /** Nothing is under way any more; every message that waits is told. */
  #end(trouble: string, reason: string): void {
    const step = this.#waiting ? this.#steps[0] : undefined
    this.#waiting = false
    this.#steps = []
    this.#tries = 0
    if (step?.job !== undefined && step.part !== undefined)
      this.#out.push({ type: 'part', job: step.job, part: step.part, state: 'failed', reference: null, text: reason })
    for (const { id } of this.#jobs) this.#out.push({ type: 'done', job: id, trouble: trouble === '' ? reason : trouble })
    this.#jobs = []
    this.#say('lab', '', reason)
    this.#out.push({ type: 'timer', ms: null })
  }

  // -- small things

  #set(change: Partial<AtStatus>): void {
    this.#status = { ...this.#status, ...change }
    this.#out.push({ type: 'moved' })
  }

  #say(direction: 'out' | 'in' | 'lab', text: string, meaning: string): void {
    this.#out.push({ type: 'line', direction, text, meaning })
  }

  #write(text: string, meaning: string): void {
    // A PIN is never shown.
    const shown = text.replace(/^(AT\+CPIN=).*/s, '$1"····"').replace(/[\r\u001a]/g, '')
    this.#say('out', shown === '\u001b' ? 'Esc' : shown, meaning)
    this.#out.push({ type: 'write', text })
  }
}

/** How long a modem may take to show its prompt. */
const PROMPT_MS = 10_000
