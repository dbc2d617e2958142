// Serves a built window and a fake lab to a browser, with the policy header the real lab sends. Run by itself it serves the demo trace.
import { createServer } from 'node:http'
import { readFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { extname, join, normalize, sep } from 'node:path'
import { WebSocketServer, type WebSocket } from 'ws'
import type { Channel } from '../../core/api.ts'
import { fromBytes, serve, toBytes, type Check } from '../../core/rpc.ts'
import { demoLab, heldLab } from './demo.ts'
import { createFakeLab, type FakeLab } from './fakelab.ts'

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
}
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"

export interface FakeServer {
  readonly url: string
  /** Cuts every connection, as a lab that died. */
  cut(): void
  /** Whether new connections are taken. */
  accept(yes: boolean): void
  close(): Promise<void>
}

/** Serves `folder`; `lab` answers on /ws with the token `t`. `check` examines calls as the real lab's own server does. */
export async function serveWindow(
  folder: string,
  lab: Pick<FakeLab, 'api'>,
  port = 0,
  check: Check = (_area, _method, args) => args,
): Promise<FakeServer> {
  const server = createServer((request, response) => {
    const path = normalize(new URL(request.url ?? '/', 'http://x').pathname)
    const file = join(folder, path === sep ? 'index.html' : path)
    readFile(file).then(
      (body) =>
        response
          .writeHead(200, {
            'content-type': TYPES[extname(file)] ?? 'application/octet-stream',
            'content-security-policy': POLICY,
            'x-content-type-options': 'nosniff',
          })
          .end(body),
      () => response.writeHead(404).end(),
    )
  })
  const sockets = new WebSocketServer({ noServer: true })
  const open = new Set<WebSocket>()
  let taking = true
  server.on('upgrade', (request, socket, head) => {
    if (!taking || new URL(request.url ?? '/', 'http://x').searchParams.get('token') !== 't') {
      socket.end('HTTP/1.1 403 Forbidden\r\n\r\n')
      return
    }
    sockets.handleUpgrade(request, socket, head, (ws) => {
      open.add(ws)
      ws.on('close', () => open.delete(ws))
      const channel: Channel = {
        post: (message) => ws.send(toBytes(message)),
        onMessage: (listener) => void ws.on('message', (data: Buffer) => listener(fromBytes(new Uint8Array(data)))),
        onClose: (listener) => void ws.on('close', listener),
        close: () => ws.close(),
      }
      serve(lab.api, channel, check)
    })
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/?token=t`,
    cut: () => open.forEach((ws) => ws.terminate()),
    accept: (yes) => void (taking = yes),
    async close() {
      open.forEach((ws) => ws.terminate())
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

if (process.argv[1] === import.meta.filename) {
  const folder = process.argv[2] ?? 'dist/renderer'
  const server = await serveWindow(
    folder,
    process.argv[3] === 'empty' ? createFakeLab() : process.argv[3] === 'held' ? heldLab() : demoLab(true),
    Number(process.env['PORT'] ?? 0),
  )
  process.stdout.write(`${server.url}\n`)
}
