// Unknown devices, refused credentials, proxies and the dialect file of a lab in memory: they hold what they are told.
import type { DialectState, DialectView, LabApi, LabEvents, ProxyRow, WantsToTalk, WhyAnswer } from '../../core/api.ts'

export type ProxyAreas = Pick<LabApi, 'proxies' | 'dialect'>

/** What a test may change; `tell` goes to the subscribers. */
export interface ProxyWorld {
  wants: WantsToTalk[]
  proxies: ProxyRow[]
  dialect: DialectState
  views: Map<string, DialectView>
  /** Answers of `evidence.why` by row; others get one that knows nothing. */
  why: Map<number, WhyAnswer>
}

export function proxyWorld(): ProxyWorld {
  const words = {
    roots: ['scomo', 'fumo', 'gateway'],
    alerts: ['urn:oma:at:scomo:1.0:OperationComplete'],
    profiles: ['lab', 'strict', 'small'],
  }
  const text = '// What devices call things.\n{ "rules": [] }\n'
  return {
    wants: [],
    proxies: [],
    dialect: { file: 'dialect.json', text, exists: false, problems: [], inForce: true, since: 0, rules: 0, words },
    views: new Map(),
    why: new Map(),
  }
}

/** Calls of areas devices and evidence that belong here. */
export interface ProxyCalls {
  readonly devices: Pick<LabApi['devices'], 'wants' | 'decide' | 'reset'>
  readonly evidence: Pick<LabApi['evidence'], 'why'>
  readonly areas: ProxyAreas
}

/** The calls over `world`. `called` is told of every call that changes something. */
export function fakeProxies(parts: {
  readonly tell: <K extends 'wants' | 'proxies' | 'dialect'>(event: K, fact: LabEvents[K]) => void
  readonly now: () => number
  readonly called?: (call: string) => void
  readonly world?: ProxyWorld
}): ProxyCalls {
  const { tell, now, called = () => {}, world = proxyWorld() } = parts
  const bad = (text: string): DialectState['problems'] => {
    try {
      JSON.parse(text.replace(/^\s*\/\/.*$/gm, ''))
      return []
    } catch (error) {
      return [{ line: 1, column: 1, length: 0, severity: 'error', what: (error as Error).message }]
    }
  }
  return {
    devices: {
      wants: async () => world.wants,
      decide: async (device, decision) => {
        called(`devices.decide ${device} ${decision}`)
        world.wants = world.wants.filter((one) => one.device !== device)
        tell('wants', { open: world.wants })
      },
      reset: async (device, wish) => {
        called(`devices.reset ${device} ${JSON.stringify(wish)}`)
        return { device, done: ['both nonces are forgotten'], remarks: [], order: wish.snapshot === undefined ? '' : 'order-1' }
      },
    },
    evidence: {
      why: async (seq) =>
        world.why.get(seq) ?? {
          seq,
          answer: null,
          device: 'd',
          userName: '',
          serverId: '',
          shown: 'none',
          code: 0,
          verdict: 'unknown',
          cause: { id: 'none', text: 'the message shows no credentials', fix: '' },
          tried: [],
          nonces: [],
        },
    },
    areas: {
      proxies: {
        list: async () => world.proxies,
        add: async (wish) => {
          called(`proxies.add ${wish.upstream}`)
          const { upstream, port = 9000, https = false, trust = 'system', rewrite = false, resign = true, timeoutMs = 60_000 } = wish
          const id = `p${world.proxies.length + 1}`
          const url = `${https ? 'https' : 'http'}://127.0.0.1:${port}`
          const told = { state: 'listening', why: '', exchanges: 0, failures: 0, lastAt: 0, lastFailure: '', createdAt: now() } as const
          const row: ProxyRow = { id, url, upstream, port, https, trust, rewrite, resign, timeoutMs, ...told }
          world.proxies = [...world.proxies, row]
          tell('proxies', { proxies: world.proxies })
          return row
        },
        remove: async (id) => {
          called(`proxies.remove ${id}`)
          world.proxies = world.proxies.filter((row) => row.id !== id)
          tell('proxies', { proxies: world.proxies })
        },
      },
      dialect: {
        get: async () => world.dialect,
        check: async (text) => bad(text),
        put: async (text) => {
          called(`dialect.put ${text.length}`)
          const [first] = bad(text)
          if (first !== undefined) throw new Error(`line ${first.line}, column ${first.column}: ${first.what}`)
          world.dialect = { ...world.dialect, text, exists: true, since: now() }
          tell('dialect', world.dialect)
          return world.dialect
        },
        view: async (device) =>
          world.views.get(device) ?? { device, manufacturer: '', model: '', rules: [], roots: {}, nodes: {}, alerts: {}, profile: '' },
      },
    },
  }
}
