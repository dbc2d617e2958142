// A CoAP endpoint of a test's own, written after RFC 7252 and 7959 and apart from the product's: datagrams as they come, blocks both ways, every habit of real clients as a switch.
import { createSocket } from 'node:dgram'
import type { Socket } from 'node:dgram'

export type Option = readonly [number: number, value: Buffer]

export interface Packet {
  /** 0 CON, 1 NON, 2 ACK, 3 RST. */
  readonly type: number
  /** 0x45 is 2.05. */
  readonly code: number
  readonly id: number
  readonly token: Buffer
  readonly options: readonly Option[]
  readonly payload: Buffer
}

const NONE = Buffer.alloc(0)
export const OBSERVE = 6
export const LOCATION = 8
export const PATH = 11
export const FORMAT = 12
export const QUERY = 15
export const ACCEPT = 17
export const BLOCK2 = 23
export const BLOCK1 = 27

export function uint(value: number): Buffer {
  const hex = value === 0 ? '' : value.toString(16)
  return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex')
}
export const number = (value: Buffer): number => (value.length === 0 ? 0 : value.readUIntBE(0, value.length))
export const first = (packet: Packet, wanted: number): Buffer | undefined => packet.options.find(([name]) => name === wanted)?.[1]
export const texts = (packet: Packet, wanted: number): string[] =>
  packet.options.filter(([name]) => name === wanted).map(([, value]) => value.toString())
export const codeText = (code: number): string => `${code >> 5}.${String(code & 31).padStart(2, '0')}`
export const codeOf = (text: string): number => Number(text[0]) * 32 + Number(text.slice(2))

function extended(value: number): readonly [number, Buffer] {
  if (value < 13) return [value, NONE]
  if (value < 269) return [13, Buffer.of(value - 13)]
  return [14, Buffer.of((value - 269) >> 8, (value - 269) & 255)]
}

export function write(packet: Packet): Buffer {
  const parts: Buffer[] = [Buffer.of(0x40 | (packet.type << 4) | packet.token.length, packet.code, packet.id >> 8, packet.id & 255), packet.token]
  let last = 0
  for (const [name, value] of [...packet.options].sort(([a], [b]) => a - b)) {
    const [delta, more] = extended(name - last)
    const [length, longer] = extended(value.length)
    parts.push(Buffer.of((delta << 4) | length), more, longer, value)
    last = name
  }
  if (packet.payload.length > 0) parts.push(Buffer.of(0xff), packet.payload)
  return Buffer.concat(parts)
}

export function read(bytes: Buffer): Packet {
  const [head = 0, code = 0] = bytes
  let at = 4 + (head & 15)
  const options: Option[] = []
  let name = 0
  const more = (nibble: number): number => {
    if (nibble < 13) return nibble
    at += nibble === 13 ? 1 : 2
    return nibble === 13 ? (bytes[at - 1] ?? 0) + 13 : bytes.readUInt16BE(at - 2) + 269
  }
  while (at < bytes.length && bytes[at] !== 0xff) {
    const octet = bytes[at] ?? 0
    at += 1
    name += more(octet >> 4)
    const length = more(octet & 15)
    options.push([name, bytes.subarray(at, at + length)])
    at += length
  }
  return {
    type: (head >> 4) & 3,
    code,
    id: bytes.readUInt16BE(2),
    token: bytes.subarray(4, 4 + (head & 15)),
    options,
    payload: bytes.subarray(at + 1),
  }
}

export interface Habits {
  /** Octets of a token, 0 to 8. */
  readonly tokens?: number
  /** Each block of a request has a token of its own. */
  readonly freshTokens?: boolean
  /** Largest block it sends and takes. */
  readonly block?: number
  /** A larger first block is answered 4.13 and no Block1. */
  readonly strictBlock?: boolean
  /** Answers come later, in a message of their own. */
  readonly separate?: boolean
  /** Its first datagram of each kind is lost on the way. */
  readonly deaf?: boolean
  /** All it sends arrives twice. */
  readonly doubled?: boolean
  /** Does not acknowledge what it answers apart: CON at once, never an empty ACK. */
  readonly noEmptyAck?: boolean
}

export interface Answer {
  readonly code: string
  readonly format?: number
  readonly payload?: Buffer
  readonly options?: readonly Option[]
}

/** One who is asked: the whole payload, blocks put together. */
export type Asked = (method: string, path: string, packet: Packet, payload: Buffer, last: boolean) => Answer

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

export class Endpoint {
  readonly heard: Packet[] = []
  readonly #habits: Habits
  readonly #asked: Asked
  #socket: Socket = createSocket('udp4')
  #id = Math.floor(Math.random() * 0xffff)
  readonly #waiting = new Map<string, (packet: Packet) => void>()
  readonly #acked = new Map<number, (type: number) => void>()
  readonly #answered = new Map<number, Buffer>()
  #body: Buffer[] = []
  #to: { host: string; port: number }

  constructor(to: { host: string; port: number }, habits: Habits, asked: Asked) {
    this.#to = to
    this.#habits = habits
    this.#asked = asked
  }

  async open(): Promise<void> {
    this.#socket = createSocket(this.#to.host.includes(':') ? 'udp6' : 'udp4')
    this.#socket.on('message', (bytes) => this.#arrived(read(bytes)))
    await new Promise<void>((resolve) => this.#socket.bind(0, this.#to.host, resolve))
  }
  get port(): number {
    return this.#socket.address().port
  }
  #closed = false
  close(): Promise<void> {
    this.#closed = true
    return new Promise((resolve) => this.#socket.close(() => resolve()))
  }

  send(packet: Packet): void {
    if (this.#closed) return
    const bytes = write(packet)
    for (let i = 0; i < (this.#habits.doubled === true ? 2 : 1); i += 1) this.#socket.send(bytes, this.#to.port, this.#to.host)
  }
  nextId(): number {
    return (this.#id = (this.#id + 1) & 0xffff)
  }
  token(): Buffer {
    return Buffer.from(Array.from({ length: this.#habits.tokens ?? 8 }, () => Math.floor(Math.random() * 256)))
  }

  #arrived(packet: Packet): void {
    this.heard.push(packet)
    if (packet.code === 0) return this.#acked.get(packet.id)?.(packet.type)
    if (packet.code >= 0x40) {
      this.#acked.get(packet.id)?.(packet.type)
      if (packet.type === 0) this.send({ type: 2, code: 0, id: packet.id, token: NONE, options: [], payload: NONE })
      return this.#waiting.get(packet.type === 2 ? String(packet.id) : packet.token.toString('hex'))?.(packet)
    }
    const before = this.#answered.get(packet.id)
    if (before !== undefined) return void this.#socket.send(before, this.#to.port, this.#to.host)
    if (this.#habits.deaf === true && !this.#missed.has(packet.id)) return void this.#missed.add(packet.id)
    this.#answer(packet)
  }
  readonly #missed = new Set<number>()

  #answer(packet: Packet): void {
    const { block = 1024, separate = false, strictBlock = false, noEmptyAck = false } = this.#habits
    const given = first(packet, BLOCK1)
    let answer: Answer
    let options: Option[] = []
    const value = given === undefined ? 0 : number(given)
    const size = 16 << (value & 7)
    const mine = Math.min(value & 7, Math.log2(block) - 4)
    if (given !== undefined && size > block && strictBlock) answer = { code: '4.13' }
    else {
      if (value >> 4 === 0) this.#body = []
      this.#body.push(packet.payload)
      const whole = Buffer.concat(this.#body)
      const last = (value & 8) === 0
      const path = texts(packet, PATH).join('/')
      answer = this.#asked(['', 'GET', 'POST', 'PUT', 'DELETE'][packet.code] ?? '?', path, packet, last ? whole : packet.payload, last)
      // Numbers count in the size that is asked for from here on.
      if (given !== undefined && !answer.code.startsWith('4') && !answer.code.startsWith('5'))
        options = [[BLOCK1, uint(((value >> 4) << 4) | (value & 8) | (value >> 4 === 0 ? mine : value & 7))]]
      if (!last && answer.code.startsWith('2')) answer = { code: '2.31' }
    }
    options.push(...(answer.options ?? []))
    if (answer.format !== undefined) options.push([FORMAT, uint(answer.format)])
    let payload = answer.payload ?? NONE
    const asked2 = first(packet, BLOCK2)
    const size2 = Math.min(asked2 === undefined ? block : 16 << (number(asked2) & 7), block)
    if (payload.length > size2) {
      const at = asked2 === undefined ? 0 : number(asked2) >> 4
      const more = (at + 1) * size2 < payload.length ? 8 : 0
      options.push([BLOCK2, uint((at << 4) | more | (Math.log2(size2) - 4))], [4, Buffer.from('e7a9')])
      payload = payload.subarray(at * size2, (at + 1) * size2)
    }
    const code = codeOf(answer.code)
    if (!separate || packet.type !== 0) {
      const reply: Packet = {
        type: packet.type === 0 ? 2 : 1,
        code,
        id: packet.type === 0 ? packet.id : this.nextId(),
        token: packet.token,
        options,
        payload,
      }
      this.#answered.set(packet.id, write(reply))
      return this.send(reply)
    }
    const ack: Packet = { type: 2, code: 0, id: packet.id, token: NONE, options: [], payload: NONE }
    this.#answered.set(packet.id, write(ack))
    if (!noEmptyAck) this.send(ack)
    const id = this.nextId()
    setTimeout(() => this.send({ type: 0, code, id, token: packet.token, options, payload }), 20)
  }

  /** A notification; resolves with the type that came back: 2 ACK, 3 RST. */
  tell(token: Buffer, sequence: number, answer: Answer, confirmable = true): Promise<number> {
    const options: Option[] = [[OBSERVE, uint(sequence)]]
    if (answer.format !== undefined) options.push([FORMAT, uint(answer.format)])
    const id = this.nextId()
    const done = new Promise<number>((resolve) => this.#acked.set(id, resolve))
    this.send({ type: confirmable ? 0 : 1, code: codeOf(answer.code), id, token, options, payload: answer.payload ?? NONE })
    return Promise.race([done, wait(2000).then(() => -1)])
  }

  /** A request; in blocks where it is larger than one. The last answer. */
  async ask(method: number, path: string, query: readonly string[] = [], payload: Buffer = NONE, format?: number, type = 0): Promise<Packet> {
    const { block = 1024, freshTokens = false } = this.#habits
    const base: Option[] = [
      ...path
        .split('/')
        .filter((part) => part !== '')
        .map((part): Option => [PATH, Buffer.from(part)]),
      ...query.map((each): Option => [QUERY, Buffer.from(each)]),
      ...(format === undefined ? [] : [[FORMAT, uint(format)] as Option]),
    ]
    let token = this.token()
    let answer: Packet | undefined
    for (let at = 0; at === 0 || at < payload.length; at += block) {
      if (at > 0 && freshTokens) token = this.token()
      const more = at + block < payload.length
      const options: Option[] =
        payload.length > block ? [...base, [BLOCK1, uint(((at / block) << 4) | (more ? 8 : 0) | (Math.log2(block) - 4))]] : base
      answer = await this.exchange({ type, code: method, id: this.nextId(), token, options, payload: payload.subarray(at, at + block) })
      if (more && answer.code !== codeOf('2.31')) return answer
    }
    return answer as Packet
  }

  async exchange(packet: Packet): Promise<Packet> {
    const key = packet.token.toString('hex')
    const answered = new Promise<Packet>((resolve) => this.#waiting.set(key, resolve).set(String(packet.id), resolve))
    for (let turn = 0; turn < 4; turn += 1) {
      this.send(packet)
      const got = await Promise.race([answered, wait(2500 * 2 ** turn).then(() => null)])
      if (got !== null) {
        this.#waiting.delete(key)
        this.#waiting.delete(String(packet.id))
        return got
      }
    }
    throw new Error(`no answer to ${packet.code} ${texts(packet, PATH).join('/')}`)
  }
}
