// The local HTTP API as a table over LabApi; the OpenAPI document is made from the same table, so that they cannot differ.
import { z } from 'zod'
import type {
  AccountChange,
  BootstrapOptions,
  DeviceAnswer,
  HoldMode,
  NotifyOptions,
  QueuedCommand,
  QueuedQuestion,
  SimulateOptions,
  Verdict,
} from '../api.ts'
import { readPage } from '../page.ts'
import { ANSWERS, schemaOf, WEBHOOKS } from './answershapes.ts'
import { ARGUMENT_LIMITS } from './limits.ts'
import { ADB_ROUTES } from './adbroutes.ts'
import { GATEWAY_ROUTES } from './gatewayroutes.ts'
import { SCENARIO_ROUTES } from './scenarioroutes.ts'
import { JOB_ROUTES } from './jobroutes.ts'
import { PEER_ROUTES } from './peerroutes.ts'
import { PROXY_ROUTES } from './proxyroutes.ts'
import { TRUST_ROUTES } from './trustroutes.ts'
import { MODEM_ROUTES } from './modemroutes.ts'
import type { Route } from './route.ts'
import { int, number, string, word } from './route.ts'
import { TREE_ROUTES } from './treeroutes.ts'
import { accountChange, bootstrapOptions, deviceAnswer, notifyOptions, queueList, simulateOptions } from './validatedevices.ts'
import { holdMode } from './validatetrace.ts'

const verdictJson = z.discriminatedUnion('act', [
  z.strictObject({ act: z.literal('continue') }),
  z.strictObject({ act: z.literal('step') }),
  z.strictObject({ act: z.literal('edit'), bytes: z.base64().max(Math.ceil(ARGUMENT_LIMITS.edit / 3) * 4) }),
  z.strictObject({ act: z.literal('drop') }),
])

/** Every route there is, but for the OpenAPI document itself. */
export const ROUTES: readonly Route[] = [
  { method: 'GET', path: '/state', text: 'What the lab listens on and how it fares', respond: (api) => api.lab.state() },
  {
    method: 'GET',
    path: '/trace',
    text: 'Rows of the trace from `first` upwards; at most 5,000 at once',
    parameters: { first: int('Sequence number of the first row', 'query', '1'), count: int('How many rows', 'query', '1000') },
    respond: async (api, call) => ({ rows: readPage(await api.trace.rows(number(call, 'first'), number(call, 'count'))) }),
  },
  {
    method: 'GET',
    path: '/trace/filter',
    text: 'Numbers of the rows that pass a filter expression; where `through` is less than the last row asked for, ask again from `through` + 1',
    parameters: {
      expression: string('Expression of the filter language', 'query'),
      first: int('Sequence number of the first row', 'query', '1'),
      count: int('How many rows are examined at the most', 'query', '5000'),
    },
    respond: (api, call) => api.trace.filter(word(call, 'expression'), number(call, 'first'), number(call, 'count')),
  },
  {
    method: 'GET',
    path: '/trace/{seq}',
    text: 'One row with its bytes (base64), header fields, findings and notes',
    parameters: { seq: int('Sequence number') },
    respond: (api, call) => api.trace.frame(number(call, 'seq')),
  },
  { method: 'GET', path: '/sessions', text: 'Sessions, newest first', respond: async (api) => ({ sessions: await api.trace.sessions() }) },
  {
    method: 'GET',
    path: '/sessions/{session}',
    text: 'Sequence numbers of the rows of one session, in order',
    parameters: { session: int('Key of the session in this workspace') },
    respond: async (api, call) => ({ rows: await api.trace.session(number(call, 'session')) }),
  },
  { method: 'GET', path: '/held', text: 'Messages that are held', respond: async (api) => ({ held: await api.stepper.held() }) },
  {
    method: 'POST',
    path: '/held/{id}',
    text: 'Decides on a held message',
    parameters: { id: int('Number of the held message') },
    body: verdictJson,
    respond: (api, call) => {
      const wish = call.body as z.infer<typeof verdictJson>
      const verdict: Verdict = wish.act === 'edit' ? { act: 'edit', bytes: new Uint8Array(Buffer.from(wish.bytes, 'base64')) } : wish
      return api.stepper.decide(number(call, 'id'), verdict)
    },
  },
  {
    method: 'PUT',
    path: '/hold',
    text: 'Sets which messages are held',
    body: holdMode,
    respond: (api, call) => api.stepper.mode(call.body as HoldMode),
  },
  { method: 'GET', path: '/devices', text: 'Known devices', respond: async (api) => ({ devices: await api.devices.list() }) },
  {
    method: 'POST',
    path: '/devices',
    text: 'Starts a simulated device',
    body: simulateOptions,
    respond: (api, call) => api.devices.simulate(call.body as SimulateOptions),
  },
  {
    method: 'GET',
    path: '/questions',
    text: 'Questions of simulated devices that wait for a person',
    respond: async (api) => ({ questions: await api.devices.questions() }),
  },
  {
    method: 'POST',
    path: '/questions/{id}',
    text: 'Answers a question of a simulated device',
    parameters: { id: string('Id of the question') },
    body: deviceAnswer,
    respond: (api, call) => api.devices.answer(word(call, 'id'), call.body as DeviceAnswer),
  },
  {
    method: 'POST',
    path: '/devices/{device}/commands',
    text: "Queues commands for the device's next session",
    parameters: { device: string('Id of the device') },
    body: queueList,
    respond: (api, call) => api.devices.queue(word(call, 'device'), call.body as (QueuedCommand | QueuedQuestion)[]),
  },
  {
    method: 'POST',
    path: '/devices/{device}/notify',
    text: 'Sends a notification (Package #0) to the device',
    parameters: { device: string('Id of the device') },
    body: notifyOptions,
    respond: (api, call) => api.devices.notify(word(call, 'device'), call.body as NotifyOptions),
  },
  {
    method: 'POST',
    path: '/bootstrap',
    text: 'Makes an account for a device and the bootstrap message that carries it; the secrets are told once',
    body: bootstrapOptions,
    respond: (api, call) => api.devices.bootstrap(call.body as BootstrapOptions),
  },
  {
    method: 'GET',
    path: '/devices/{device}/accounts',
    text: 'Accounts of a device, oldest first, or the one that serves every device; never their secrets',
    parameters: { device: string('Id of the device') },
    respond: async (api, call) => ({ accounts: await api.devices.accounts(word(call, 'device')) }),
  },
  {
    method: 'POST',
    path: '/devices/{device}/accounts',
    text: 'Changes an account of a device, or makes it: user name, authentication type, secrets, nonces; what it is now comes back without them',
    parameters: { device: string('Id of the device') },
    body: accountChange,
    respond: (api, call) => api.devices.setAccount(word(call, 'device'), call.body as AccountChange),
  },
  {
    method: 'POST',
    path: '/captures',
    text: 'Reads a capture into this workspace; the body is the file',
    parameters: { name: string('File name', 'query') },
    body: 'bytes',
    respond: (api, call) => api.evidence.open(word(call, 'name'), call.body as Uint8Array),
  },
  ...TREE_ROUTES,
  ...JOB_ROUTES,
  ...GATEWAY_ROUTES,
  ...SCENARIO_ROUTES,
  ...TRUST_ROUTES,
  ...MODEM_ROUTES,
  ...PROXY_ROUTES,
  ...PEER_ROUTES,
  ...ADB_ROUTES,
]

/** A route found for a request, with the values its path holds; or the methods the path knows; or null. */
export type Match = { readonly route: Route; readonly values: Record<string, string> } | { readonly allow: readonly string[] } | null

/** Finds the route for `path` (below /api/v1, still percent-encoded). */
export function matchRoute(method: string, path: string): Match {
  const parts = path.split('/')
  const allow: string[] = []
  for (const route of ROUTES) {
    const values = fits(route.path.split('/'), parts)
    if (values === null) continue
    if (route.method === method) return { route, values }
    allow.push(route.method)
  }
  return allow.length === 0 ? null : { allow }
}

function fits(pattern: readonly string[], parts: readonly string[]): Record<string, string> | null {
  if (pattern.length !== parts.length) return null
  const values: Record<string, string> = {}
  for (const [i, piece] of pattern.entries()) {
    const part = parts[i] ?? ''
    if (!piece.startsWith('{')) {
      if (piece !== part) return null
    } else {
      try {
        values[piece.slice(1, -1)] = decodeURIComponent(part)
      } catch {
        return null
      }
    }
  }
  return values
}

/** An answer that is described nowhere but in the types. */
const ANY = z.object({})

/** The OpenAPI 3.1 document of the table, with what is no route. */
export function openApi(more: Readonly<Record<string, Record<string, object>>> = {}): object {
  const paths: Record<string, Record<string, object>> = { ...more }
  for (const route of ROUTES) {
    const { method, path, text, parameters = {}, body } = route
    const operation = {
      summary: text,
      operationId: `${method.toLowerCase()}${path.replace(/[/{]+(\w)/g, (_all, c: string) => c.toUpperCase()).replace(/\W/g, '')}`,
      parameters: Object.entries(parameters).map(([name, p]) => ({
        name,
        in: p.in,
        required: p.default === undefined,
        description: p.text,
        schema: {
          type: p.kind,
          ...(p.kind === 'integer' ? { minimum: 0 } : {}),
          ...(p.default === undefined ? {} : { default: p.kind === 'integer' ? Number(p.default) : p.default }),
        },
      })),
      ...(body === undefined ? {} : { requestBody: { required: true, content: bodyContent(body) } }),
      responses: {
        '200': { description: 'The answer', content: { 'application/json': { schema: schemaOf(ANSWERS[`${method} ${path}`] ?? ANY) } } },
        default: { description: 'Refused, with the reason', content: { 'application/json': { schema: { $ref: '#/components/schemas/Refusal' } } } },
      },
    }
    paths[path] = { ...paths[path], [method.toLowerCase()]: operation }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'DM Lab',
      version: '1',
      description: 'Local API of one lab. Times are ISO 8601 UTC, durations in ms, sizes in bytes, binary in base64.',
    },
    servers: [{ url: '/api/v1' }],
    security: [{ token: [] }],
    paths,
    webhooks: WEBHOOKS,
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
      schemas: {
        Refusal: {
          type: 'object',
          required: ['error'],
          properties: {
            error: { type: 'object', required: ['status', 'message'], properties: { status: { type: 'integer' }, message: { type: 'string' } } },
          },
        },
      },
    },
  }
}

function bodyContent(body: NonNullable<Route['body']>): object {
  if (body === 'bytes' || body === 'stream') return { 'application/octet-stream': { schema: { type: 'string', format: 'binary' } } }
  return { 'application/json': { schema: z.toJSONSchema(body) } }
}
