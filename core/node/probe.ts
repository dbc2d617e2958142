// Tests of addresses: connects to a base of this lab as a device would, and says what answered. The lab knows its own probes by a token.
import { randomBytes } from 'node:crypto'
import { request as plainRequest } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { request as tlsRequest } from 'node:https'
import type { AddressTest } from '../api.ts'

/** Path of probes on a device-facing port. */
const PROBE = '/probe/'
const WAIT = 5000

export interface Probes {
  /** Answers a probe of ours; false for anything else. */
  handle(req: IncomingMessage, res: ServerResponse): boolean
  /** Connects to a base; never rejects. */
  test(base: string): Promise<Omit<AddressTest, 'candidate' | 'url'>>
}

/** Makes the tester; `ca`: what a device would trust, PEM. */
export function makeProbes(ca: () => string | null): Probes {
  const open = new Set<string>()
  return {
    handle: (req, res) => {
      const url = req.url ?? ''
      const token = url.slice(url.indexOf(PROBE) + PROBE.length)
      if (!url.includes(PROBE) || !open.has(token)) return false
      res.writeHead(200, { 'Content-Type': 'text/plain', 'Cache-Control': 'no-store', Connection: 'close' })
      res.end(token)
      return true
    },
    test: async (base) => {
      const token = randomBytes(16).toString('hex')
      open.add(token)
      try {
        return await asked(`${base}${PROBE}${token}`, token, ca())
      } finally {
        open.delete(token)
      }
    },
  }
}

function asked(url: string, token: string, ca: string | null): Promise<Omit<AddressTest, 'candidate' | 'url'>> {
  const began = performance.now()
  const secure = url.startsWith('https:')
  return new Promise((resolve) => {
    const end = (result: AddressTest['result'], text: string): void => {
      clearTimeout(timer)
      resolve({ result, ms: Math.round(performance.now() - began), text })
    }
    const options = { agent: false as const, ...(secure && ca !== null ? { ca } : {}) }
    const req = (secure ? tlsRequest : plainRequest)(url, options, (res) => {
      let text = ''
      res.setEncoding('latin1')
      res.on('data', (chunk: string) => {
        if (text.length < 1000) text += chunk
      })
      res.on('error', (error) => end('no', error.message))
      res.on('end', () => {
        if (text === token) end('ours', `this lab answered${secure ? ', with a certificate its authority signed' : ''}`)
        else end('other', `something else answers there: HTTP ${String(res.statusCode)}, Server: ${res.headers.server ?? 'not named'}`)
      })
    })
    const timer = setTimeout(() => {
      end(
        'no',
        `no answer within ${String(WAIT)} ms: a firewall, or a name in front that does not lead back here from this computer; test it from the device`,
      )
      req.destroy()
    }, WAIT)
    req.on('error', (error: NodeJS.ErrnoException) => end('no', wordsOf(error, new URL(url))))
    req.end()
  })
}

function wordsOf(error: NodeJS.ErrnoException, { hostname, host }: URL): string {
  const code = error.code ?? ''
  if (code === 'ECONNREFUSED') return `nobody listens at ${host} (connection refused)`
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `the name ${hostname} is not known here`
  if (code === 'EHOSTUNREACH' || code === 'ENETUNREACH' || code === 'EADDRNOTAVAIL') return `there is no way to ${host} (${code})`
  if (code === 'ECONNRESET' || code === 'EPIPE') return `${host} hung up before it answered`
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return `the certificate shown at ${host} is for another name: ${error.message}`
  if (/CERT|SELF_SIGNED|UNABLE_TO/.test(code)) return `the certificate shown at ${host} is not one of this lab: ${error.message}`
  if (/SSL|TLS|EPROTO/.test(code)) return `${host} does not speak TLS, or not as this lab does (${code})`
  if (code.startsWith('HPE_')) return `what answers at ${host} is no HTTP`
  return error.message
}
