// The short way and Node's parser must say the same of every request, and a connection may change from one to the other at any byte.
import { Buffer } from 'node:buffer'
import { afterEach, expect, it } from 'vitest'
import { HTTP_LIMITS } from '../../core/node/limits.ts'
import { plainFinder } from '../../core/node/plain.ts'
import { bothWays, dial, frameOf, listener, postText, textOf, XML } from './raw.ts'
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

const plain = (text: string): ReturnType<ReturnType<typeof plainFinder>> => plainFinder(HTTP_LIMITS)(Buffer.from(text, 'latin1'))
const answers = (text: string): string[] => text.match(/answer \d+/g) ?? []

bothWays('a request', () => {
  it('is the same whether it comes in one piece or in two, cut at any byte', async () => {
    const lab = await start({ echo: true })
    const text = postText('<SyncML>body</SyncML>', ['X-Empty:', 'X-Odd:  \ttab and  blanks in it', 'Connection: keep-alive'], '/dm?sid=0A')
    const whole = await dial(lab.http.port)
    whole.write(text)
    await lab.have('received', 1)
    for (let cut = 1; cut < text.length; cut += 1) {
      const wire = await dial(lab.http.port)
      wire.write(text.slice(0, cut))
      await new Promise((resolve) => setTimeout(resolve, 1))
      wire.write(text.slice(cut))
      await lab.have('received', cut + 1)
      wire.socket.destroy()
    }
    const said = lab.received.map(({ frame, startLine, headers, http10 }) => ({ ...frame, bytes: textOf(frame.bytes), startLine, headers, http10 }))
    for (const one of said) expect(one).toEqual(said[0])
    whole.socket.destroy()
  })

  it('that is anything but plain is left to the parser', () => {
    expect(plain(postText('body'))).toMatchObject({ uri: '/dm', block: { contentType: XML, encoding: 'xml' } })
    const others = [
      postText('body').replace('POST', 'PUT'),
      postText('body').replace('HTTP/1.1', 'HTTP/1.0'),
      postText('body').replace(XML, 'text/plain'),
      postText('body').slice(0, -1),
      `${postText('body')}x`,
      postText('body').replace('/dm', '/d m'),
      postText('body').replace('/dm', 'http://lab/dm'),
      postText('body').replaceAll('\r\n', '\n'),
      ...[
        'Content-Length: 4',
        'Transfer-Encoding: chunked',
        'Expect: 100-continue',
        'Content-Encoding: gzip',
        'Connection: close',
        'Upgrade: h2c',
      ].map((field) => postText('body', [field])),
      ...['X Y: 1', 'X: a\x01b', ' folded', 'X : 1', ': 1', 'X: trailing ', 'no colon'].map((field) => postText('body', [field])),
    ]
    for (const text of others) expect(plain(text), JSON.stringify(text)).toBeNull()
  })
})

bothWays('a connection', () => {
  it('goes from the short way to the parser behind a request that waits: each is told once, answers keep their order', async () => {
    const lab = await start()
    const wire = await dial(lab.http.port)
    for (let i = 0; i < 3; i += 1) {
      wire.write(postText(`plain ${i}`))
      await lab.have('received', i + 1)
      if (i < 2) lab.http.respond(lab.received[i]?.link ?? { link: 0 }, frameOf(`answer ${i}`))
      if (i < 2) await wire.until(`answer ${i}`)
    }
    wire.write(postText('behind it'))
    wire.write(postText('and in pieces').slice(0, 40))
    await lab.have('received', 4)
    wire.write(postText('and in pieces').slice(40))
    await lab.have('received', 5)
    for (const i of [4, 3, 2]) lab.http.respond(lab.received[i]?.link ?? { link: 0 }, frameOf(`answer ${i}`))
    const text = await wire.until('answer 4')
    expect(answers(text)).toEqual(['answer 0', 'answer 1', 'answer 2', 'answer 3', 'answer 4'])
    expect(lab.received.map(({ frame }) => textOf(frame.bytes))).toEqual(['plain 0', 'plain 1', 'plain 2', 'behind it', 'and in pieces'])
    expect(lab.gone).toEqual([])
    wire.socket.destroy()
  })

  it('of a peer that sends rubbish behind a request that waits keeps that answer, then ends', async () => {
    const lab = await start()
    const wire = await dial(lab.http.port)
    wire.write(postText('waits'))
    await lab.have('received', 1)
    wire.write('rubbish\r\n\r\n')
    await lab.have('refused', 1)
    lab.http.respond(lab.received[0]?.link ?? { link: 0 }, frameOf('answer 0'))
    await wire.until('answer 0')
    await wire.ended
    expect(lab.received).toHaveLength(1)
  })

  it('that is idle too long is closed without a word', async () => {
    const lab = await start({ echo: true, limits: { keepAlive: 50 } })
    const wire = await dial(lab.http.port)
    wire.write(postText('one'))
    await wire.until('one')
    await wire.ended
    expect([lab.refused, lab.gone]).toEqual([[], []])
  })

  it('that says nothing, or not enough, from its first moment on is told 408', async () => {
    const lab = await start({ limits: { headersTimeout: 100, checkInterval: 10_000 } })
    const [silent, slow] = [await dial(lab.http.port), await dial(lab.http.port)]
    await new Promise((resolve) => setTimeout(resolve, 60))
    slow.write('POST /dm HT')
    await Promise.all([silent.until('408'), slow.until('408')])
    await lab.have('refused', 2)
    expect(lab.refused.map(({ httpStatus }) => httpStatus)).toEqual([408, 408])
  })
})
