// A load generator on bare sockets: keep-alive connections that post one prepared body after the other and count whole answers.
import { connect } from 'node:net'

/** What one run gave. */
export interface Load {
  readonly answers: number
  readonly seconds: number
  readonly errors: number
}

/** Posts bodies made by `body(n)` over `connections` sockets for `ms`; every answer must be a 200 with a Content-Length. */
export function load(url: URL, contentType: string, connections: number, ms: number, body: (n: number) => Uint8Array): Promise<Load> {
  return new Promise((resolve) => {
    let n = 0
    let answers = 0
    let errors = 0
    let open = connections
    const start = performance.now()
    const end = start + ms
    const done = (): void => {
      open -= 1
      if (open === 0) resolve({ answers, errors, seconds: (performance.now() - start) / 1000 })
    }
    for (let c = 0; c < connections; c += 1) {
      const socket = connect(Number(url.port), url.hostname)
      socket.setNoDelay(true)
      let buffer = Buffer.alloc(0)
      const post = (): void => {
        if (performance.now() >= end) return void socket.end()
        const bytes = body(n++)
        socket.write(
          Buffer.concat([
            Buffer.from(
              `POST ${url.pathname} HTTP/1.1\r\nHost: ${url.host}\r\nContent-Type: ${contentType}\r\nContent-Length: ${bytes.length}\r\n\r\n`,
            ),
            bytes,
          ]),
        )
      }
      socket.on('connect', post)
      socket.on('data', (chunk) => {
        buffer = buffer.length === 0 ? chunk : Buffer.concat([buffer, chunk])
        const head = buffer.indexOf('\r\n\r\n')
        if (head < 0) return
        const text = buffer.toString('latin1', 0, head)
        const length = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? Number.NaN)
        if (!text.startsWith('HTTP/1.1 200') || Number.isNaN(length)) {
          errors += 1
          return void socket.destroy()
        }
        if (buffer.length < head + 4 + length) return
        buffer = buffer.subarray(head + 4 + length)
        answers += 1
        post()
      })
      socket.on('error', () => (errors += 1))
      socket.on('close', done)
    }
  })
}
