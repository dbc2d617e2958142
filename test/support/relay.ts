// A relay between a device and a lab, each over its own socket: every message is decoded, may be rewritten, and goes on as bytes of its own.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { decode, encode } from '../../core/syncml/codec.ts'
import type { Command, Message } from '../../core/syncml/message.ts'

/** Gives the message that goes on; the same object leaves the bytes as they came. */
export type Rewrite = (message: Message, up: boolean) => Message

/** A relay that listens. `passed` holds what went on, in order. */
export interface Relay {
  readonly url: string
  readonly passed: { readonly up: boolean; readonly message: Message }[]
  close(): Promise<void>
}

/** Starts a relay to `to`; messages pass unchanged but for `rewrite`. */
export async function relay(to: string, rewrite: Rewrite): Promise<Relay> {
  const passed: Relay['passed'] = []
  const through = (bytes: Uint8Array<ArrayBuffer>, type: string, up: boolean): Uint8Array<ArrayBuffer> => {
    const encoding = type.includes('wbxml') ? 'wbxml' : 'xml'
    const { message } = decode(bytes, encoding)
    const next = rewrite(message, up)
    passed.push({ up, message: next })
    return next === message ? bytes : new Uint8Array(encode(next, { encoding }))
  }
  const server = createServer((req, res) => {
    const parts: Buffer[] = []
    req.on('data', (part: Buffer) => parts.push(part))
    req.on('end', () => {
      const type = req.headers['content-type'] ?? ''
      const pass = async (): Promise<void> => {
        const body = through(new Uint8Array(Buffer.concat(parts)), type, true)
        const answer = await fetch(to, { method: 'POST', headers: { 'Content-Type': type }, body })
        const back = new Uint8Array(await answer.arrayBuffer())
        const kind = answer.headers.get('content-type') ?? ''
        res.writeHead(answer.status, { 'Content-Type': kind })
        res.end(answer.status === 200 ? through(back, kind, false) : back)
      }
      pass().catch((error: unknown) => res.writeHead(502).end(String(error)))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/dm`,
    passed,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}

/** The message with each of its commands put through `change`. */
export function withCommands(message: Message, change: (command: Command) => Command): Message {
  return { ...message, commands: message.commands.map(change) }
}
