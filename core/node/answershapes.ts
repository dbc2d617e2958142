// What the local API answers about jobs, the catalogue, providers and gateways, and what webhooks are told, as schemas for its OpenAPI document. The types are those of core/api.
import { z } from 'zod'

const text = z.string()
const whole = z.int()
/** A time of day; null: none. */
const time = z.iso.datetime({ precision: 3 }).nullable()
const list = <T extends z.ZodType>(name: string, one: T) => z.object({ [name]: z.array(one) })
const OPEN = ['queued', 'waiting', 'running', 'accepted'] as const
const ENDS = ['done', 'partial', 'failed', 'refused', 'cancelled', 'not_needed', 'not_found', 'not_applicable', 'unknown'] as const
const jobState = z.enum([...OPEN, ...ENDS])
const executed = z.union([z.boolean(), z.literal('unknown')])
const mechanism = z.enum(['', 'auto', 'dm-large', 'http', 'dlota1', 'dlota1-combined', 'dlota2'])
const origin = z.enum(['emi', 'device', 'set', 'subscription'])

const jobItem = z.object({
  pkg: text,
  component: text,
  version: text,
  correlator: text,
  state: jobState,
  resultCode: whole.describe('SCOMO or FUMO result code; 0 while none came'),
  text,
  mechanism,
  objects: z.array(text),
  executed,
})
const jobRow = z.object({
  id: text,
  batch: text.describe('Jobs made by one request share it'),
  device: text,
  type: z.enum(['scomo', 'fumo']),
  op: text,
  state: jobState,
  reason: text,
  resultCode: whole.describe('Code of the whole; 0 while it runs'),
  origin,
  createdAt: time,
  updatedAt: time,
  items: z.array(jobItem),
})
const jobDetail = z.object({
  job: jobRow,
  wish: z.record(text, z.unknown()).describe('As it was asked'),
  log: z.array(z.object({ at: time, seq: whole.describe('Row of the trace; 0 none'), text })),
  findings: z.array(z.object({ id: text, text })),
  told: z.array(z.object({ url: text, at: time, httpStatus: whole, tries: whole, done: z.boolean() })),
})
const versions = z.array(z.object({ id: text, version: text }))
const packageRow = z.object({
  pkgId: text,
  kind: z.enum(['software', 'firmware']),
  name: text,
  version: text,
  description: text,
  components: versions,
  envType: text,
  pkgType: text,
  size: whole,
  sha256: text,
  manufacturers: z.array(text),
  models: z.array(text),
  dependencies: versions,
  fromVersion: text,
  signed: z.boolean(),
  addedAt: time,
  remarks: z.array(text),
  withdrawn: z.boolean(),
})
const confirm = z.enum(['none', 'user', 'device'])
const hookRow = z.object({ id: text, url: text, createdAt: time, pending: whole, lastAt: time, lastStatus: whole })

const values = z.array(z.object({ uri: text, data: text }))
const fanoutDevice = z.object({
  deviceId: text,
  code: whole.describe('0 while none is known, 202 while a late alert is awaited'),
  text,
  statuses: z.array(z.object({ cmd: text, code: whole })).optional(),
  late: z.array(z.object({ cmd: text, type: text, source: text, data: text })).optional(),
  values: values.optional().describe('What its Gets brought, with return format 3'),
})
const summary = z.object({ targets: whole, succeeded: whole, failed: whole, pending: whole }).nullable()
const fanoutRow = z.object({
  id: text,
  gateway: text,
  createdAt: time,
  style: z.enum(['Y', "Y'"]),
  state: z.enum(['queued', 'running', 'done', 'failed', 'cancelled']),
  result: whole.describe('Job code of the gateway; 0 while none came'),
  reason: text,
  devices: z.array(fanoutDevice),
  summary,
  seq: whole,
})
const matrixDevice = z.object({
  deviceId: text,
  localId: text,
  state: whole,
  code: whole,
  text,
  notifiedAt: time,
  endedAt: time,
  cells: z.array(z.object({ sent: z.boolean(), code: whole.nullable(), late: whole.nullable() }).nullable()),
  late: z.array(z.object({ type: text, source: text, code: whole.nullable(), data: text })),
  values: values.optional(),
})
const matrix = z.object({
  fanout: fanoutRow,
  commands: z.array(z.object({ label: text, kind: text, locUri: text })),
  devices: z.array(matrixDevice),
  startedAt: time,
  endsAt: time,
  image: text,
  source: z.enum(['gateway', 'alerts']),
})
const imageRow = z.object({
  gateway: text,
  imageId: text,
  state: z.enum(['queued', 'transferring', 'ready', 'failed', 'expired']),
  url: text,
  size: whole,
  expiresAt: time,
  life: whole.optional().describe('Seconds'),
  reason: text,
})
const gatewayRow = z.object({ id: text, address: text, own: z.boolean(), devices: whole, lastAt: time })
const relationRow = z.object({
  deviceId: text,
  gateway: text,
  gatewayAddress: text,
  localId: text,
  address: text,
  mode: z.enum(['transparent', 'proxy', 'adaptation']),
  attached: z.boolean(),
  at: time,
  flow: text,
  to: text,
})

const nothing = z.object({})
const groups = z.object({ name: text, devices: z.array(text) })
const setItem = z.object({ component: text, pkg: text, version: z.enum(['exact', 'latest']), active: z.boolean() })
const sets = z.object({ id: text, man: text, mod: text, items: z.array(setItem), remove: z.boolean(), confirm })
const subscriptions = z.object({ id: text, device: text, provider: text, components: z.array(text), newToo: z.boolean(), confirm })

/** By method and path; what is not named here answers an object of its own. */
export const ANSWERS: Readonly<Record<string, z.ZodType>> = {
  'GET /jobs': list('jobs', jobRow),
  'POST /jobs': z.object({ batch: text, jobs: z.array(jobRow) }),
  'GET /jobs/{id}': jobDetail,
  'DELETE /jobs/{id}': jobRow,
  'GET /catalogue': list('packages', packageRow),
  'PUT /catalogue/{name}': packageRow,
  'DELETE /catalogue/{name}': packageRow,
  'GET /groups': list('groups', groups),
  'POST /groups': nothing,
  'DELETE /groups/{name}': nothing,
  'GET /sets': list('sets', sets),
  'POST /sets': nothing,
  'DELETE /sets/{id}': nothing,
  'GET /subscriptions': list('subscriptions', subscriptions),
  'POST /subscriptions': nothing,
  'DELETE /subscriptions/{id}': nothing,
  'GET /hooks': list('hooks', hookRow),
  'POST /hooks': z.object({ hook: hookRow, secret: text.describe('Told here and nowhere else') }),
  'DELETE /hooks/{id}': nothing,
  'GET /gateways': list('gateways', gatewayRow),
  'GET /relations': list('relations', relationRow),
  'GET /fanouts': list('fanouts', fanoutRow),
  'POST /fanouts': fanoutRow,
  'GET /fanouts/{id}': matrix,
  'DELETE /fanouts/{id}': fanoutRow,
  'POST /fanouts/{id}/retry': fanoutRow,
  'GET /images': list('images', imageRow),
  'POST /images': imageRow,
  'PUT /images/{image}/expiry': imageRow,
}

const outcomeDevice = z.object({ device: text, resultCode: whole, text })
const { createdAt, updatedAt, id, ...told } = jobRow.shape
void [createdAt, updatedAt]

/** What is POSTed to webhooks, by name. */
export const OUTCOMES = {
  job: z.object({ job: id, ...told, objects: z.array(text), endedAt: time }),
  fanout: z.object({
    type: z.literal('fanout'),
    fanout: text,
    gateway: text,
    style: z.enum(['Y', "Y'"]),
    state: z.enum(['done', 'failed', 'cancelled']),
    resultCode: whole,
    reason: text,
    summary,
    devices: z.array(outcomeDevice),
    late: outcomeDevice.nullable().describe('The device that spoke after the end; null: this is the end'),
    endedAt: time,
  }),
} as const

/** Schema for the document: an answer may have more one day. */
export const schemaOf = (shape: z.ZodType): object => z.toJSONSchema(shape, { io: 'input' })

const header = (name: string, description: string): object => ({ name, in: 'header', required: false, description, schema: { type: 'string' } })
const outcome = (name: keyof typeof OUTCOMES, summaryText: string): object => ({
  post: {
    summary: summaryText,
    operationId: `outcome${name.charAt(0).toUpperCase()}${name.slice(1)}`,
    parameters: [
      header('X-DMLab-Delivery', 'The same at each try of one outcome'),
      header(
        'X-DMLab-Signature',
        '`sha256=` and the HMAC-SHA-256 of the body under the secret of the webhook, in hexadecimal; absent at the `notify` of a job, which has none',
      ),
    ],
    requestBody: { required: true, content: { 'application/json': { schema: schemaOf(OUTCOMES[name]) } } },
    responses: { '2XX': { description: 'Taken' }, default: { description: 'Told again, with growing delay, for seven days' } },
  },
})

/** The webhooks of the OpenAPI document. */
export const WEBHOOKS: Readonly<Record<string, object>> = {
  job: outcome('job', 'A job ended; told once to each webhook, and to the `notify` of the job'),
  fanout: outcome('fanout', 'A fan-out ended, or (`late`) a device of one that had ended spoke'),
}
