// LwM2M clients that are not the product's: objects 1, 3, 5 and 9 over a CoAP endpoint of their own, with the habits of known code bases as data. They know none of the product's code.
import { createHash } from 'node:crypto'
import { ACCEPT, Endpoint, FORMAT, LOCATION, OBSERVE, first, number, texts } from './foreigncoap.ts'
import type { Answer, Habits, Packet } from './foreigncoap.ts'

export type Value = string | number | boolean

export interface Kind extends Habits {
  readonly version?: string
  /** Query of the binding: `b=U`, `b=UQ`, `Q`. */
  readonly binding?: readonly string[]
  /** Content formats it writes, the one without Accept first. */
  readonly formats?: readonly number[]
  /** What a format it does not write is answered. */
  readonly unwritable?: '4.06' | '4.15' | '4.00'
  /** What an Observe is answered; default it is followed. */
  readonly observes?: boolean | '4.05' | '4.06'
  /** Before all its objects. */
  readonly root?: string
  readonly ct?: string
  /** Package URI of object 5 cannot be written. */
  readonly pushOnly?: boolean
  /** Object 9 has instances of its own; none can be made. */
  readonly fixed?: readonly number[]
}

/** After what the code of these clients does. */
export const KINDS = {
  wakaama: { tokens: 4, formats: [11542, 0, 11543, 110], unwritable: '4.06' },
  leshan: { version: '1.1', block: 512, freshTokens: true, separate: true, formats: [11542, 11543, 110, 112, 0, 60], ct: '"60 110 112 11542 11543"' },
  anjay: { version: '1.1', tokens: 8, freshTokens: true, formats: [112, 110, 60, 0], unwritable: '4.06', ct: '112' },
  zephyr: {
    version: '1.1',
    block: 256,
    strictBlock: true,
    freshTokens: true,
    formats: [112, 60, 0],
    unwritable: '4.15',
    pushOnly: true,
    fixed: [0, 1],
    ct: '112',
  },
  old: { tokens: 1, block: 64, formats: [0, 11543], unwritable: '4.06', observes: '4.05', binding: ['b=UQ'] },
  bare: { tokens: 0, doubled: true, formats: [11542, 0] },
  late: { tokens: 2, separate: true, noEmptyAck: true, formats: [11542, 0] },
  rooted: { root: 'lwm2m', version: '1.1', formats: [110, 0], unwritable: '4.06' },
} as const satisfies Readonly<Record<string, Kind>>

const utf8 = (text: string): Buffer => Buffer.from(text)
const shortest = (value: number): Buffer =>
  value >= -128 && value < 128 ? Buffer.of(value & 255) : Buffer.from(value.toString(16).padStart(8, '0'), 'hex')
const octets = (value: Value): Buffer => (typeof value === 'string' ? utf8(value) : shortest(Number(value)))

function tlv(kind: number, id: number, value: Buffer): Buffer {
  const length = value.length < 8 ? value.length : value.length < 256 ? 8 : 16
  const more = length === 8 ? Buffer.of(value.length) : length === 16 ? Buffer.of(value.length >> 8, value.length & 255) : Buffer.alloc(0)
  return Buffer.concat([Buffer.of((kind << 6) | length, id), more, value])
}

function head(major: number, value: number): Buffer {
  if (value < 24) return Buffer.of((major << 5) | value)
  if (value < 256) return Buffer.of((major << 5) | 24, value)
  return value < 65536
    ? Buffer.of((major << 5) | 25, value >> 8, value & 255)
    : Buffer.of((major << 5) | 26, ...Buffer.from(value.toString(16).padStart(8, '0'), 'hex'))
}
const cborText = (text: string): Buffer => Buffer.concat([head(3, utf8(text).length), utf8(text)])
const cborOf = (value: Value): Buffer =>
  typeof value === 'string'
    ? cborText(value)
    : typeof value === 'boolean'
      ? Buffer.of(value ? 0xf5 : 0xf4)
      : value < 0
        ? head(1, -1 - value)
        : head(0, value)

export class Foreign {
  readonly values = new Map<string, Value>()
  readonly log: string[] = []
  /** Packages that arrived, by SHA-256. */
  readonly packages: string[] = []
  readonly endpoint: Endpoint
  readonly #kind: Kind
  readonly #name: string
  #location = ''
  readonly observed = new Map<string, { readonly token: Buffer; readonly format: number }>()
  #sequence = 2
  #fetch: (url: string) => void = () => {}

  constructor(name: string, url: string, kind: Kind = {}) {
    const { hostname, port } = new URL(url)
    this.#name = name
    this.#kind = kind
    this.endpoint = new Endpoint({ host: hostname.replace(/[[\]]/g, ''), port: Number(port) }, kind, (...asked) => this.#asked(...asked))
    const all: Readonly<Record<string, Value>> = {
      '1/0/0': 1,
      '1/0/1': 300,
      '1/0/6': false,
      '1/0/7': 'U',
      '3/0/0': 'Foreign',
      '3/0/1': 'F1',
      '3/0/2': 'SN1',
      '3/0/3': '1.0',
      '3/0/16': 'U',
      '5/0/1': '',
      '5/0/3': 0,
      '5/0/5': 0,
      '5/0/9': kind.pushOnly === true ? 1 : 2,
    }
    for (const [path, value] of Object.entries(all)) this.values.set(path, value)
    for (const instance of kind.fixed ?? []) this.#software(instance)
  }

  #software(instance: number): void {
    for (const [id, value] of [
      [0, ''],
      [1, ''],
      [7, 0],
      [9, 0],
      [12, false],
    ] as const)
      this.values.set(`9/${instance}/${id}`, value)
  }

  links(): string {
    const root = this.#kind.root === undefined ? '' : `/${this.#kind.root}`
    const instances = [...new Set([...this.values.keys()].map((path) => path.split('/').slice(0, 2).join('/')))]
    const ct = this.#kind.ct === undefined ? '' : `;ct=${this.#kind.ct}`
    return [
      `<${root === '' ? '/' : root}>;rt="oma.lwm2m"${ct}`,
      `<${root}/1>;ver=1.1`,
      ...instances.map((path) => `<${root}/${path}>`),
      `<${root}/9>`,
    ].join(',')
  }

  async start(lifetime = 300): Promise<string> {
    await this.endpoint.open()
    return this.register(lifetime)
  }

  /** Asks for its account; what it is written, as `PUT /0/0 112`, until it is told that was all. */
  async bootstrap(pct?: number): Promise<readonly string[]> {
    await this.endpoint.open()
    const over = new Promise<void>((resolve) => (this.#booted = resolve))
    this.#booting = true
    await this.endpoint.ask(2, '/bs', [`ep=${this.#name}`, ...(pct === undefined ? [] : [`pct=${pct}`])])
    await over
    this.#booting = false
    return this.log
  }
  #booting = false
  #booted: () => void = () => {}

  /** The answer's code. */
  async register(lifetime = 300): Promise<string> {
    this.observed.clear()
    const query = [`ep=${this.#name}`, `lt=${lifetime}`, `lwm2m=${this.#kind.version ?? '1.0'}`, ...(this.#kind.binding ?? ['b=U'])]
    const answer = await this.endpoint.ask(2, '/rd', query, utf8(this.links()), 40)
    this.#location = texts(answer, LOCATION).join('/')
    return `${answer.code >> 5}.${String(answer.code & 31).padStart(2, '0')}`
  }
  async update(query: readonly string[] = []): Promise<number> {
    return (await this.endpoint.ask(2, `/${this.#location}`, query)).code
  }
  async deregister(): Promise<number> {
    return (await this.endpoint.ask(4, `/${this.#location}`)).code
  }
  close(): Promise<void> {
    return this.endpoint.close()
  }
  /** Called with each URL it is told to fetch. */
  fetches(call: (url: string) => void): void {
    this.#fetch = call
  }

  /** A value moves; whoever follows it is told. */
  async move(path: string, value: Value): Promise<void> {
    this.values.set(path, value)
    const follower = this.observed.get(path)
    if (follower === undefined) return
    const got = await this.endpoint.tell(follower.token, (this.#sequence += 1), {
      code: '2.05',
      format: follower.format,
      payload: this.#written(path, follower.format),
    })
    if (got === 3) this.observed.delete(path)
  }

  #asked(method: string, whole: string, packet: Packet, payload: Buffer, last: boolean): Answer {
    const { root } = this.#kind
    if (root !== undefined && !whole.startsWith(`${root}/`)) return { code: '4.04' }
    const path = root === undefined ? whole : whole.slice(root.length + 1)
    const format = first(packet, FORMAT)
    if (last) this.log.push(`${method} /${path}${format === undefined ? '' : ` ${number(format)}`}`)
    if (this.#booting) return this.#boots(method, path, format === undefined ? -1 : number(format))
    if (method === 'GET') return this.#get(path, packet)
    if (method === 'PUT' || (method === 'POST' && path.split('/').length === 2))
      return this.#put(path, format === undefined ? -1 : number(format), payload, last)
    if (method === 'POST')
      return path.split('/').length === 1 ? this.#create(format === undefined ? -1 : number(format), payload) : this.#execute(path, payload)
    return { code: '4.05' }
  }

  #boots(method: string, path: string, format: number): Answer {
    if (method === 'DELETE') return { code: '2.02' }
    if (path === 'bs') this.#booted()
    else if (!(this.#kind.formats ?? [11542]).includes(format)) return { code: this.#kind.unwritable ?? '4.15' }
    return { code: '2.04' }
  }

  #get(path: string, packet: Packet): Answer {
    const { formats = [11542], unwritable = '4.06', observes = true } = this.#kind
    if (![...this.values.keys()].some((key) => key === path || key.startsWith(`${path}/`)) && path !== '9') return { code: '4.04' }
    const accept = first(packet, ACCEPT)
    const one = path.split('/').length === 3
    const format = accept === undefined ? (formats.find((each) => one || ![0, 60].includes(each)) ?? formats[0] ?? 0) : number(accept)
    if (!formats.includes(format)) return { code: unwritable }
    const wish = first(packet, OBSERVE)
    const answer: Answer = { code: '2.05', format, payload: this.#written(path, format) }
    if (wish === undefined) return answer
    if (number(wish) === 1) {
      this.observed.delete(path)
      return answer
    }
    if (typeof observes === 'string') return { code: observes }
    if (!observes) return answer
    this.observed.set(path, { token: packet.token, format })
    return { ...answer, options: [[OBSERVE, Buffer.of(1)]] }
  }

  #written(path: string, format: number): Buffer {
    const parts = path.split('/')
    const found = [...this.values].filter(([key]) => key === path || key.startsWith(`${path}/`))
    const base = `/${path}${parts.length === 3 ? '' : '/'}`
    const name = (key: string): string => (parts.length === 3 ? '' : key.slice(path.length + 1))
    switch (format) {
      case 0:
        return utf8(String(typeof found[0]?.[1] === 'boolean' ? Number(found[0][1]) : (found[0]?.[1] ?? '')))
      case 60:
        return cborOf(found[0]?.[1] ?? '')
      case 11543:
        return utf8(
          JSON.stringify({
            bn: base,
            e: found.map(([key, value]) => ({
              n: name(key),
              ...(typeof value === 'string' ? { sv: value } : typeof value === 'number' ? { v: value } : { bv: value }),
            })),
          }),
        )
      case 110:
        return utf8(
          JSON.stringify(
            found.map(([key, value], i) => ({
              ...(i === 0 ? { bn: base } : {}),
              n: name(key),
              ...(typeof value === 'string' ? { vs: value } : typeof value === 'number' ? { v: value } : { vb: value }),
            })),
          ),
        )
      case 112:
        return Buffer.concat([
          head(4, found.length),
          ...found.map(([key, value], i) => {
            const label = typeof value === 'string' ? 3 : typeof value === 'number' ? 2 : 4
            return Buffer.concat([
              head(5, i === 0 ? 3 : 2),
              ...(i === 0 ? [Buffer.of(0x21), cborText(base)] : []),
              Buffer.of(0),
              cborText(name(key)),
              Buffer.of(label),
              cborOf(value),
            ])
          }),
        ])
      default: {
        if (parts.length >= 2) return Buffer.concat(found.map(([key, value]) => tlv(3, Number(key.split('/')[2]), octets(value))))
        const instances = [...new Set(found.map(([key]) => key.split('/')[1]))]
        return Buffer.concat(instances.map((id) => tlv(0, Number(id), this.#written(`${path}/${id}`, 11542))))
      }
    }
  }

  #put(path: string, format: number, payload: Buffer, last: boolean): Answer {
    // Without a format it would be Write-Attributes.
    if (format === -1) return { code: '4.00' }
    if (path === '5/0/0' || /^9\/\d+\/2$/.test(path)) return last ? this.#package(path, payload) : { code: '2.31' }
    if (path === '5/0/1') {
      if (this.#kind.pushOnly === true) return { code: '5.00' }
      const url = payload.toString()
      void this.move('5/0/3', url === '' ? 0 : 1).then(() => this.move('5/0/5', 0))
      if (url !== '') this.#fetch(url)
      return { code: '2.04' }
    }
    if (/^9\/\d+\/3$/.test(path)) {
      this.#fetch(payload.toString())
      return { code: '2.04' }
    }
    if (!this.values.has(path)) return { code: '4.04' }
    return { code: '4.05' }
  }

  #package(path: string, payload: Buffer): Answer {
    const [object, instance = '0'] = path.split('/')
    const state = this.values.get(object === '5' ? '5/0/3' : `9/${instance}/7`)
    if (state === 2 && object === '5') return { code: '4.05' }
    this.arrived(object === '5' ? '5/0' : `9/${instance}`, payload)
    return { code: '2.04' }
  }

  /** A package is here, pushed or fetched. */
  arrived(at: string, bytes: Buffer): void {
    this.packages.push(createHash('sha256').update(bytes).digest('hex'))
    const [state, result, ends] = at.startsWith('5') ? ['3', '5', 2] : ['7', '9', 3]
    if (at.startsWith('9')) {
      this.values.set(`${at}/0`, /name=(\S+)/.exec(bytes.subarray(0, 200).toString())?.[1] ?? 'app')
      this.values.set(`${at}/1`, '1')
    }
    void this.move(`${at}/${result}`, 0).then(() => this.move(`${at}/${state}`, ends))
  }

  #create(format: number, payload: Buffer): Answer {
    if (this.#kind.fixed !== undefined) return { code: '4.05' }
    if (payload.length > 0 && !(this.#kind.formats ?? [11542]).includes(format)) return { code: '4.15' }
    const taken = [...this.values.keys()].filter((key) => key.startsWith('9/')).map((key) => Number(key.split('/')[1]))
    const free = [0, 1, 2, 3, 4, 5].find((id) => !taken.includes(id)) ?? 6
    this.#software(free)
    return {
      code: '2.01',
      options: [
        [LOCATION, utf8('9')],
        [LOCATION, utf8(String(free))],
      ],
    }
  }

  #execute(path: string, payload: Buffer): Answer {
    if (payload.length > 0 && !/^\d(='[^']*')?/.test(payload.toString())) return { code: '4.00' }
    const [object, instance, id] = path.split('/')
    if (path === '1/0/8') {
      setTimeout(() => void this.update(), 5)
      return { code: '2.04' }
    }
    if (path === '5/0/2') {
      if (this.values.get('5/0/3') !== 2) return { code: '4.05' }
      setTimeout(() => void this.#flash(), 10)
      return { code: '2.04' }
    }
    if (object !== '9') return { code: '4.05' }
    const at = `9/${instance ?? ''}`
    const state = this.values.get(`${at}/7`)
    if (id === '4' && state === 3)
      setTimeout(
        () =>
          void this.move(`${at}/12`, true)
            .then(() => this.move(`${at}/9`, 2))
            .then(() => this.move(`${at}/7`, 4)),
        5,
      )
    else if (id === '6' && (state === 3 || state === 4))
      setTimeout(
        () =>
          void this.move(`${at}/12`, false)
            .then(() => this.move(`${at}/9`, 0))
            .then(() => this.move(`${at}/7`, 0)),
        5,
      )
    else if ((id === '10' || id === '11') && state === 4) this.values.set(`${at}/12`, id === '10')
    else return { code: '4.05' }
    return { code: '2.04' }
  }

  /** It restarts with the new firmware: observations are gone, it registers anew. */
  async #flash(): Promise<void> {
    await this.move('5/0/3', 3)
    this.values.set('5/0/3', 0)
    this.values.set('5/0/5', 1)
    this.values.set('3/0/3', '2.0')
    this.log.push('flashed')
    await this.register()
  }
}
