// The device-facing server as devices meet it: what arrives is kept to the byte and the letter, what is refused is told, what is held may wait.
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import type { Sent } from '../../core/node/http.ts'
import { shared } from '../support/shared.ts'
import { bothWays, dial, frameOf, listener, postText, roundTrip, textOf, WBXML, XML } from './raw.ts'
import type { Listener } from './raw.ts'

let open: Listener[] = []
const start = async (options: Parameters<typeof listener>[0] = {}): Promise<Listener> => {
  const lab = await listener(options)
  open.push(lab)
  return lab
}
afterEach(async () => {
  await Promise.all(open.map((lab) => lab.http.close()))
  open = []
})

bothWays('a SyncML request', () => {
  it('arrives with bytes, spelling and order of its header fields as they were', async () => {
    const lab = await start()
    const wire = await dial(lab.http.port)
    const fields = ['x-syncml-hmac: algorithm=MD5, username="a", mac=b', 'ACCEPT-charset: utf-8', 'X-Twice: 1', 'X-Twice: 2']
    wire.write(postText('<SyncML>\0\xff</SyncML>', fields, '/funambol/dm?mode=Maintenance'))
    await lab.have('received', 1)
    const [got] = lab.received
    expect(textOf(got?.frame.bytes ?? new Uint8Array())).toBe('<SyncML>\0\xff</SyncML>')
    expect(got?.frame.bytes.constructor).toBe(Uint8Array)
    expect(got?.frame).toMatchObject({ encoding: 'xml', contentType: XML, uri: '/funambol/dm?mode=Maintenance' })
    expect(got?.startLine).toBe('POST /funambol/dm?mode=Maintenance HTTP/1.1')
    expect(got?.headers.map(([name, value]) => `${name}: ${value}`)).toEqual(['Host: lab', `Content-Type: ${XML}`, 'Content-Length: 19', ...fields])
    expect(got?.local).toBe(`127.0.0.1:${lab.http.port}`)
    expect(got?.remote).toBe(`127.0.0.1:${wire.socket.localPort ?? 0}`)
    expect(got?.http10).toBe(false)
    wire.socket.destroy()
  })

  it('is known by four media types, in any case, with parameters and white space', async () => {
    const lab = await start({ echo: true })
    const types: [string, string][] = [
      [XML, 'xml'],
      [WBXML, 'wbxml'],
      ['application/vnd.syncml+xml', 'xml'],
      ['application/vnd.syncml+wbxml', 'wbxml'],
      ['Application/VND.SyncML.DM+XML; charset=utf-8', 'xml'],
      ['application/vnd.syncml.dm+wbxml ;x=y', 'wbxml'],
    ]
    for (const [type, encoding] of types) {
      const answer = await fetch(`${lab.http.url}/x`, { method: 'POST', headers: { 'content-type': type }, body: 'body' })
      expect(answer.status).toBe(200)
      expect(answer.headers.get('content-type')).toBe(type)
      expect(lab.received.at(-1)?.frame).toMatchObject({ encoding, contentType: type })
    }
  })

  it('may come in chunks, labelled with a Content-Encoding that means nothing, or with Expect: 100-continue', async () => {
    const lab = await start({ echo: true })
    const wire = await dial(lab.http.port)
    wire.write(postText('3\r\nabc\r\n5;ext=1\r\ndefgh\r\n0\r\nX-Trailer: t\r\n\r\n', ['Transfer-Encoding: chunked', 'Content-Encoding: UTF-8']))
    await wire.until('\r\n\r\nabcdefgh')
    for (const coding of ['identity', 'binary', '8bit', 'ISO-8859-1']) {
      wire.write(postText(`as ${coding}`, [`Content-Encoding: ${coding}`]))
      await wire.until(`as ${coding}`)
    }
    wire.write('POST /dm HTTP/1.1\r\nHost: lab\r\nContent-Type: application/vnd.syncml.dm+xml\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n')
    await wire.until('HTTP/1.1 100 Continue\r\n\r\n')
    wire.write('later')
    await wire.until('\r\n\r\nlater')
    wire.write(postText('nothing expected', ['Expect: ']))
    await wire.until('\r\n\r\nnothing expected')
    const said = ['abcdefgh', 'as identity', 'as binary', 'as 8bit', 'as ISO-8859-1', 'later', 'nothing expected']
    expect(lab.received.map((r) => textOf(r.frame.bytes))).toEqual(said)
    wire.socket.destroy()
  })

  it('arrives whole however it is cut up, and holds no more memory than it shows', async () => {
    const lab = await start({ echo: true })
    const body = Array.from({ length: 70_000 }, (_, i) => String.fromCharCode(32 + (i % 90))).join('')
    const text = postText(body)
    const wire = await dial(lab.http.port)
    for (let at = 0; at < text.length; at += 4999) {
      wire.write(text.slice(at, at + 4999))
      await new Promise((resolve) => setImmediate(resolve))
    }
    await lab.have('received', 1)
    const bytes = lab.received[0]?.frame.bytes
    expect(textOf(bytes ?? new Uint8Array())).toBe(body)
    expect(bytes?.buffer.byteLength).toBe(body.length)
    wire.socket.destroy()
  })

  it('of an HTTP/1.0 client is answered and the connection closed, unless it asks to keep it', async () => {
    const lab = await start({ echo: true })
    const once = await dial(lab.http.port)
    once.write(postText('one', [], '/dm', '1.0'))
    expect(await once.until('\r\n\r\none')).toContain('Connection: close')
    await once.ended
    expect(lab.received[0]?.http10).toBe(true)
    const kept = await dial(lab.http.port)
    kept.write(postText('two', ['Connection: keep-alive'], '/dm', '1.0'))
    expect(await kept.until('\r\n\r\ntwo')).toContain('Connection: keep-alive')
    kept.write(postText('three', ['Connection: keep-alive'], '/dm', '1.0'))
    await kept.until('three')
    kept.socket.destroy()
  })

  it('may leave out Host, ask for an upgrade to h2c, or leave its old connection open beside the new one', async () => {
    const lab = await start({ echo: true })
    const old = await dial(lab.http.port)
    old.write(`POST /dm HTTP/1.1\r\nContent-Type: ${XML}\r\nContent-Length: 3\r\n\r\nold`)
    await old.until('\r\n\r\nold')
    const next = await dial(lab.http.port)
    next.write(postText('new', ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA']))
    expect(await next.until('\r\n\r\nnew')).toContain('HTTP/1.1 200 OK')
    old.write(postText('old again'))
    await old.until('old again')
    old.socket.destroy()
    next.socket.destroy()
  })

  it('may be pipelined: answers keep the order of the requests, whichever the lab answers first', async () => {
    const lab = await start()
    const wire = await dial(lab.http.port)
    wire.write(postText('first') + postText('second') + postText('third'))
    await lab.have('received', 3)
    for (const r of [...lab.received].reverse()) lab.http.respond(r.link, frameOf(`re:${textOf(r.frame.bytes)}`))
    const text = await wire.until('re:third')
    expect(text.match(/re:(first|second|third)/g)).toEqual(['re:first', 're:second', 're:third'])
    wire.socket.destroy()
  })
})

bothWays('an answer', () => {
  it('carries length, type and fields of the frame, and is told exactly as it left', async () => {
    const lab = await start()
    const wire = await dial(lab.http.port)
    wire.write(postText('x'))
    await lab.have('received', 1)
    const sent = await new Promise<Sent>((resolve) => {
      const frame = frameOf('<SyncML/>', [
        ['x-syncml-hmac', 'algorithm=MD5, username="s", mac=m'],
        ['Content-Length', '999'],
        ['Transfer-Encoding', 'chunked'],
      ])
      lab.http.respond(lab.received[0]?.link ?? { link: 0 }, frame, resolve)
    })
    const text = await wire.until('<SyncML/>')
    const head = [sent.startLine, ...sent.headers.map(([name, value]) => `${name}: ${value}`)].join('\r\n')
    expect(text).toBe(`${head}\r\n\r\n<SyncML/>`)
    expect(sent.startLine).toBe('HTTP/1.1 200 OK')
    expect(sent.headers.map(([name]) => name)).toEqual([
      'Date',
      'Server',
      'Content-Type',
      'Content-Length',
      'x-syncml-hmac',
      'Connection',
      'Keep-Alive',
    ])
    expect(sent.headers[0]?.[1]).toMatch(/^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/)
    expect(sent.at).toBeGreaterThanOrEqual(lab.received[0]?.at ?? Infinity)
    wire.socket.destroy()
  })

  it('may be a refusal in words; what HTTP cannot carry becomes a 500 that says so', async () => {
    const lab = await start()
    const wire = await dial(lab.http.port)
    wire.write(postText('x'))
    await lab.have('received', 1)
    lab.http.refuse(lab.received[0]?.link ?? { link: 0 }, 503, 'dropped by the stepper')
    expect(await wire.until('dropped by the stepper\n')).toContain('HTTP/1.1 503 Service Unavailable')
    wire.write(postText('y'))
    await lab.have('received', 2)
    const sent = await new Promise<Sent>((resolve) => {
      lab.http.respond(lab.received[1]?.link ?? { link: 0 }, frameOf('z', [['x-syncml-hmac', 'a\r\nEvil: 1']]), resolve)
    })
    expect(sent.startLine).toBe('HTTP/1.1 500 Internal Server Error')
    const text = await wire.until('the answer cannot be sent')
    expect(text).not.toContain('Evil: 1')
    wire.socket.destroy()
  })

  it('may come long after every time limit; meanwhile other peers are served', async () => {
    const lab = await start({ limits: { headersTimeout: 150, requestTimeout: 200, checkInterval: 30, keepAlive: 150 } })
    const held = await dial(lab.http.port)
    held.write(postText('hold me'))
    await lab.have('received', 1)
    await new Promise((resolve) => setTimeout(resolve, 600))
    const other = await dial(lab.http.port)
    other.write(postText('meanwhile'))
    await lab.have('received', 2)
    lab.http.respond(lab.received[1]?.link ?? { link: 0 }, frameOf('served'))
    await other.until('served')
    lab.http.respond(lab.received[0]?.link ?? { link: 0 }, frameOf('at last'))
    await held.until('at last')
    expect(lab.gone).toEqual([])
    held.socket.destroy()
    other.socket.destroy()
  })

  it('is told once: sent or gone, never both, also when the peer leaves, resets, or the server stops', async () => {
    const lab = await start()
    const [leaves, resets, stays] = [await dial(lab.http.port), await dial(lab.http.port), await dial(lab.http.port)]
    leaves.write(postText('leaves'))
    await lab.have('received', 1)
    resets.write(postText('resets'))
    await lab.have('received', 2)
    stays.write(postText('stays'))
    await lab.have('received', 3)
    leaves.socket.end()
    await lab.have('gone', 1)
    resets.socket.resetAndDestroy()
    await lab.have('gone', 2)
    expect(lab.gone).toEqual([
      { link: lab.received[0]?.link, reason: 'the peer closed the connection while it waited for the answer' },
      { link: lab.received[1]?.link, reason: 'the peer reset the connection while it waited for the answer' },
    ])
    let told = 0
    lab.http.respond(lab.received[0]?.link ?? { link: 0 }, frameOf('too late'), () => (told += 1))
    await lab.http.close()
    expect(lab.gone[2]).toEqual({ link: lab.received[2]?.link, reason: 'the server was stopped while it waited for the answer' })
    expect(told).toBe(0)
    expect(lab.refused).toEqual([])
  })

  it('on its way when the server stops still arrives', async () => {
    const lab = await start()
    const wire = await dial(lab.http.port)
    wire.write(postText('x'))
    await lab.have('received', 1)
    const big = 'y'.repeat(3_000_000)
    lab.http.respond(lab.received[0]?.link ?? { link: 0 }, frameOf(big))
    await Promise.all([lab.http.close(), wire.ended])
    expect(wire.text().length).toBeGreaterThan(big.length)
  })
})

bothWays('what is no SyncML request', () => {
  it('is refused with status, words and a record of what came', async () => {
    const lab = await start()
    const cases: [RequestInit, number, RegExp][] = [
      [{ method: 'POST', headers: { 'content-type': 'text/xml' }, body: '<SyncML/>' }, 415, /Content-Type text\/xml/],
      [{ method: 'POST', headers: { 'content-type': 'application/xml' }, body: '<SyncML/>' }, 415, /application\/xml/],
      [{ method: 'POST', body: new Uint8Array([1, 2, 3]) }, 415, /no Content-Type/],
      [{ method: 'GET' }, 405, /GET: devices POST/],
      [{ method: 'OPTIONS' }, 405, /OPTIONS/],
      [{ method: 'PUT', headers: { 'content-type': XML }, body: 'x' }, 405, /PUT/],
      [{ method: 'POST', headers: { 'content-type': XML, 'content-encoding': 'gzip' }, body: '\x1f\x8b' }, 415, /Content-Encoding gzip/],
    ]
    for (const [init, status, words] of cases) {
      const answer = await fetch(`${lab.http.url}/dm`, init)
      expect(answer.status).toBe(status)
      expect(answer.headers.get('content-type')).toBe('text/plain; charset=utf-8')
      expect(await answer.text()).toMatch(words)
      const row = lab.refused.at(-1)
      expect(row).toMatchObject({ httpStatus: status, startLine: `${init.method ?? ''} /dm HTTP/1.1`, truncated: false })
      expect(row?.reason).toMatch(words)
      expect(row?.bytes.length).toBe(init.body === undefined ? 0 : new Blob([init.body as string]).size)
    }
    expect(lab.received).toEqual([])
  })

  it('goes to the other routes of the port first', async () => {
    const lab = await start({
      other: (req, res) => {
        if (req.url?.startsWith('/dl/') !== true) return false
        res.end('image')
        return true
      },
    })
    expect(await (await fetch(`${lab.http.url}/dl/a`)).text()).toBe('image')
    expect((await fetch(`${lab.http.url}/dm`)).status).toBe(405)
    expect(lab.refused).toHaveLength(1)
  })

  it('too large is refused with 413 before it is read, by its announced length or as it grows', async () => {
    const lab = await start({ limits: { bodyBytes: 1000, refusedBytes: 100 } })
    const announced = await dial(lab.http.port)
    announced.write(`POST /dm HTTP/1.1\r\nHost: lab\r\nContent-Type: ${XML}\r\nContent-Length: 5000000000\r\n\r\n`)
    expect(await announced.until('the limit is 1000\n')).toContain('HTTP/1.1 413 Payload Too Large')
    expect(lab.refused[0]).toMatchObject({ httpStatus: 413, truncated: true, bytes: new Uint8Array(0) })
    const asking = await dial(lab.http.port)
    asking.write(`POST /dm HTTP/1.1\r\nHost: lab\r\nContent-Type: ${XML}\r\nContent-Length: 1001\r\nExpect: 100-continue\r\n\r\n`)
    expect(await asking.until('the limit is 1000\n')).not.toContain('100 Continue')
    await asking.ended
    const growing = await dial(lab.http.port)
    growing.write(postText(`3e9\r\n${'z'.repeat(1001)}\r\n`, ['Transfer-Encoding: chunked']))
    await growing.until('longer than the limit of 1000 bytes')
    expect(lab.refused[2]?.bytes.length).toBe(100)
    expect(lab.refused[2]?.truncated).toBe(true)
    const fits = await dial(lab.http.port)
    fits.write(postText('f'.repeat(1000)))
    await lab.have('received', 1)
    for (const wire of [announced, asking, growing, fits]) wire.socket.destroy()
  })

  it('keeps its raw packet where it is no HTTP at all', async () => {
    const lab = await start()
    const odd = await dial(lab.http.port)
    const packet = `POST /dm HTTQ/1.1\r\nHost: 127.0.0.1:8182\r\nContent-Type: ${XML}\r\n\r\n`
    odd.write(packet)
    expect(await odd.until('not HTTP/1.1')).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/)
    await odd.ended
    expect(lab.refused[0]).toMatchObject({ httpStatus: 400, startLine: 'POST /dm HTTQ/1.1', truncated: false })
    expect(lab.refused[0]?.headers[0]).toEqual(['Host', '127.0.0.1:8182'])
    expect(textOf(lab.refused[0]?.bytes ?? new Uint8Array())).toBe(packet)
    const tls = await dial(lab.http.port)
    tls.write(new Uint8Array([0x16, 0x03, 0x01, 0x00, 0x05, 1, 2, 3, 4, 5]))
    await tls.until('400 Bad Request')
    expect(lab.refused[1]).toMatchObject({ startLine: '', httpStatus: 400 })
    expect([...(lab.refused[1]?.bytes ?? [])]).toEqual([0x16, 0x03, 0x01, 0x00, 0x05, 1, 2, 3, 4, 5])
  })

  it('gets its answer behind a half that is closed at once', async () => {
    const lab = await start({ echo: true })
    for (let round = 0; round < 20; round++) {
      const wire = await dial(lab.http.port)
      wire.write(postText('<SyncML/>'))
      wire.socket.end()
      await wire.ended
      expect(wire.text()).toMatch(/HTTP\/1\.1 200 OK[^]*<SyncML\/>/)
    }
  })

  it('of several pieces gets its answer behind a half that is closed at once, and one that waits too long is told as gone', async () => {
    const lab = await start({
      // As a lab that has to think.
      received: (got) => setTimeout(() => lab.http.respond(got.link, { ...got.frame, headers: [] }), 10),
    })
    const pieces = /^([^]*?)(\r\n\r\n)([^]*)$/
    for (let round = 0; round < 10; round++) {
      const wire = await dial(lab.http.port)
      wire.socket.setNoDelay(true)
      const [, head = '', blank = '', body = ''] = pieces.exec(postText(`<SyncML>${round}</SyncML>`)) ?? []
      for (const piece of [head, blank, body.slice(0, 8)]) {
        wire.write(piece)
        await new Promise((resolve) => setTimeout(resolve, 2))
      }
      wire.socket.end(body.slice(8))
      await wire.ended
      expect(wire.text()).toMatch(new RegExp(`^HTTP/1\\.1 200 OK[^]*Connection: close[^]*<SyncML>${round}</SyncML>$`))
    }
    expect(lab.gone).toEqual([])
    const silent = await start()
    const wire = await dial(silent.http.port)
    wire.write(postText('first').slice(0, 40))
    await roundTrip(silent)
    wire.socket.end(postText('first').slice(40))
    await silent.have('received', 2)
    await silent.have('gone', 1)
    expect(silent.gone[0]).toEqual({ link: silent.received[1]?.link, reason: 'the peer closed the connection while it waited for the answer' })
    await wire.ended
  })

  it('is told where an upload stops half way', async () => {
    const lab = await start()
    const wire = await dial(lab.http.port)
    wire.write(`POST /dm HTTP/1.1\r\nHost: lab\r\nContent-Type: ${XML}\r\nContent-Length: 100\r\n\r\nonly this`)
    await roundTrip(lab)
    wire.socket.resetAndDestroy()
    await lab.have('refused', 1)
    expect(lab.refused[0]).toMatchObject({ httpStatus: 0, truncated: true, startLine: 'POST /dm HTTP/1.1' })
    expect(lab.refused[0]?.reason).toBe('the peer reset the connection after 9 of 100 body bytes')
    expect(textOf(lab.refused[0]?.bytes ?? new Uint8Array())).toBe('only this')
    expect(lab.gone).toEqual([])
  })

  it('behind a request that waits does not cost that request its answer', async () => {
    const lab = await start()
    const wire = await dial(lab.http.port)
    wire.write(`${postText('good')}\0\0rubbish\r\n\r\n`)
    await lab.have('received', 1)
    await lab.have('refused', 1)
    expect(lab.refused[0]?.httpStatus).toBe(0)
    lab.http.respond(lab.received[0]?.link ?? { link: 0 }, frameOf('answer'))
    expect(await wire.until('\r\n\r\nanswer')).toContain('Connection: close')
    await wire.ended
    const leaving = await dial(lab.http.port)
    leaving.write(`${postText('good')}\0\0rubbish\r\n\r\n`)
    await lab.have('refused', 2)
    leaving.socket.end()
    await lab.have('gone', 1)
    expect(lab.gone[0]?.link).toEqual(lab.received[1]?.link)
  })
})

bothWays('recorded clients', () => {
  const root = shared('corpus/captured-sessions')
  it.skipIf(root === null)('needs ../shared/corpus/captured-sessions: every recorded request is received as recorded', async () => {
    const lab = await start({ echo: true })
    const files = readdirSync(root ?? '', { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('-client.http-headers.txt'))
    let count = 0
    for (const file of files) {
      const lines = readFileSync(join(root ?? '', file), 'utf8')
        .trimEnd()
        .split(/\r?\n/)
      const body = ['.xml', '.wbxml', '.bin']
        .map((ext) => join(root ?? '', file.replace('.http-headers.txt', ext)))
        .find((name) => tryRead(name) !== null)
      const bytes = body === undefined ? null : tryRead(body)
      if (bytes === null) continue
      const wire = await dial(lab.http.port)
      const chunked = lines.some((line) => /^transfer-encoding: *chunked/i.test(line))
      wire.write(`${lines.join('\r\n')}\r\n\r\n`)
      if (chunked) wire.write(`${bytes.length.toString(16)}\r\n`)
      wire.write(bytes)
      if (chunked) wire.write('\r\n0\r\n\r\n')
      count += 1
      await lab.have('received', count)
      const got = lab.received[count - 1]
      expect(Buffer.compare(got?.frame.bytes ?? new Uint8Array(), bytes), file).toBe(0)
      expect([got?.startLine, ...(got?.headers ?? []).map(([name, value]) => `${name}: ${value}`.trimEnd())]).toEqual(
        lines.map((line) => line.trimEnd()),
      )
      wire.socket.destroy()
    }
    expect(count).toBe(files.length)
  })
})

function tryRead(file: string): Buffer | null {
  try {
    return readFileSync(file)
  } catch {
    return null
  }
}
