// A modem made of a script behind a real pseudo-terminal: socat gives the terminal, this end answers as modems do.
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'

/** How the modem behaves; a command answered with null stays silent. */
export interface Behaviour {
  /** Answer lines of a command (without the final CR LF); undefined: as a good modem. */
  answer?(command: string): string | null | undefined
  /** Answer to a PDU; undefined: a fresh reference. */
  pdu?(hex: string): string | null | undefined
}

export interface ScriptedModem {
  /** `/dev/pts/N`. */
  readonly path: string
  readonly heard: string[]
  readonly pdus: string[]
  behaviour: Behaviour
  /** Says something unasked. */
  says(...lines: string[]): void
  /** Pulls the cable. */
  unplug(): Promise<void>
}

const ANSWERS: Readonly<Record<string, string>> = {
  'AT+CGMI': 'Acme\r\n\r\nOK',
  'AT+CGMM': 'Tester 1\r\n\r\nOK',
  'AT+CPIN?': '+CPIN: READY\r\n\r\nOK',
  'AT+CSQ': '+CSQ: 17,99\r\n\r\nOK',
  'AT+COPS?': '+COPS: 0,0,"Bench Net"\r\n\r\nOK',
  'AT+CSCA?': '+CSCA: "+491722270333",145\r\n\r\nOK',
}

/** Starts a modem; socat has to be there. */
export async function scriptedModem(behaviour: Behaviour = {}): Promise<ScriptedModem> {
  const socat = spawn('socat', ['-d', '-d', 'pty,raw,echo=0', 'stdio'], { stdio: ['pipe', 'pipe', 'pipe'] })
  const path = await ptyOf(socat)
  let reference = 40
  let echo = true
  let rest = ''
  let wantsPdu = false
  const say = (text: string): void => void socat.stdin?.write(text)
  const modem: ScriptedModem = {
    path,
    heard: [],
    pdus: [],
    behaviour,
    says: (...lines) => say(lines.map((line) => `\r\n${line}\r\n`).join('')),
    unplug: () =>
      new Promise((resolve) => {
        if (socat.exitCode !== null || socat.signalCode !== null) return resolve()
        socat.once('exit', () => resolve())
        socat.kill()
      }),
  }
  const command = (text: string): void => {
    modem.heard.push(text)
    if (echo) say(`${text}\r`)
    if (text === 'ATE0') echo = false
    const told = modem.behaviour.answer?.(text)
    if (told === null) return
    if (told !== undefined) return say(`\r\n${told}\r\n`)
    if (text.startsWith('AT+CMGS=')) {
      wantsPdu = true
      return say('\r\n> ')
    }
    say(`\r\n${ANSWERS[text] ?? 'OK'}\r\n`)
  }
  const pdu = (hex: string): void => {
    modem.pdus.push(hex)
    const told = modem.behaviour.pdu?.(hex)
    if (told !== null) say(`\r\n${told ?? `+CMGS: ${String(++reference)}\r\n\r\nOK`}\r\n`)
  }
  socat.stdout?.on('data', (bytes: Buffer) => {
    rest += bytes.toString('latin1')
    for (;;) {
      const end = wantsPdu ? '\u001a' : '\r'
      const at = rest.indexOf(end)
      if (at < 0) return
      const text = rest.slice(0, at).replace(/[\u001b\n]/g, '')
      rest = rest.slice(at + 1)
      if (wantsPdu) {
        wantsPdu = false
        pdu(text)
      } else if (text !== '') command(text)
    }
  })
  return modem
}

function ptyOf(socat: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = ''
    socat.stderr?.on('data', (bytes: Buffer) => {
      said += bytes.toString()
      const path = /PTY is (\S+)/.exec(said)?.[1]
      if (path !== undefined && said.includes('starting data transfer loop')) resolve(path)
    })
    socat.once('error', reject)
    socat.once('exit', (code) => reject(new Error(`socat ended with ${String(code)}: ${said}`)))
  })
}
