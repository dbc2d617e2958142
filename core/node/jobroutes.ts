// Routes of areas `jobs`, `catalogue` and `provider`: what the External Management Infrastructure and service providers call. The same words as LabApi.
import { z } from 'zod'
import type { DefaultSet, DeviceGroup, JobWish, PackageFacts, Subscription } from '../api.ts'
import { wordsOf } from '../syncml/text.ts'
import type { Parameter, Route } from './route.ts'
import { string, word } from './route.ts'
import { defaultSet, deviceGroup, hookUrl, jobWish, packageFacts, subscription } from './validatejobs.ts'

const ID = string('Id of the job')
const hook = z.strictObject({ url: hookUrl })
const FACTS = string('What is said of the file, as JSON (pkgId, name, version, components …); wins over its manifest', 'query', '')

type Rest = Pick<Route, 'respond'> & { readonly parameters?: Readonly<Record<string, Parameter>>; readonly body?: Route['body'] }
const route = (method: Route['method'], path: string, text: string, rest: Rest): Route => ({ method, path, text, ...rest }) as Route

/** Facts in a query. Throws an Error in words. */
export function factsOf(text: string): PackageFacts {
  if (text === '') return {}
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new Error(`facts: no JSON: ${wordsOf(error)}`, { cause: error })
  }
  const read = packageFacts.safeParse(value)
  if (!read.success) throw new Error(`facts: ${read.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ')}`)
  return read.data as PackageFacts
}

/** The one route whose body is not read into memory (core/node/web.ts). */
const UPLOAD: Route = route('PUT', '/catalogue/{name}', 'Takes a package into the catalogue; the body is the file, of any size', {
  parameters: { name: string('File name'), facts: FACTS },
  body: 'stream',
  respond: () => Promise.reject(new Error('this lab takes no files')),
})

export const JOB_ROUTES: readonly Route[] = [
  route('GET', '/jobs', 'Jobs, newest first, at most 1,000; older ones with the id of the last as `before`', {
    parameters: { device: string('Only those of this device', 'query', ''), before: string('Only those older than this job', 'query', '') },
    respond: async (api, call) => ({ jobs: await api.jobs.list(word(call, 'device'), word(call, 'before')) }),
  }),
  route('POST', '/jobs', 'Asks for an operation on a device, a group, a device type or a filter: one job a device', {
    body: jobWish,
    respond: (api, call) => api.jobs.create(call.body as JobWish),
  }),
  route('GET', '/jobs/{id}', 'A job with its items, its log, and whom its outcome was told', {
    parameters: { id: ID },
    respond: (api, call) => api.jobs.get(word(call, 'id')),
  }),
  route('DELETE', '/jobs/{id}', 'Cancels what has not been ordered yet', {
    parameters: { id: ID },
    respond: (api, call) => api.jobs.cancel(word(call, 'id')),
  }),
  route('GET', '/catalogue', 'Packages', { respond: async (api) => ({ packages: await api.catalogue.list() }) }),
  UPLOAD,
  route('DELETE', '/catalogue/{name}', 'Withdraws a package: it is chosen no more, waiting jobs are cancelled', {
    parameters: { name: string('PkgID') },
    respond: (api, call) => api.catalogue.withdraw(word(call, 'name')),
  }),
  route('GET', '/groups', 'Groups of devices', { respond: async (api) => ({ groups: await api.provider.groups() }) }),
  route('POST', '/groups', 'Makes or replaces a group', {
    body: deviceGroup,
    respond: (api, call) => api.provider.putGroup(call.body as DeviceGroup),
  }),
  route('DELETE', '/groups/{name}', 'Drops a group', {
    parameters: { name: string('Name of the group') },
    respond: (api, call) => api.provider.dropGroup(word(call, 'name')),
  }),
  route('GET', '/sets', 'Default sets', { respond: async (api) => ({ sets: await api.provider.sets() }) }),
  route('POST', '/sets', 'Makes or replaces a default set: what devices of a type shall have', {
    body: defaultSet,
    respond: (api, call) => api.provider.putSet(call.body as DefaultSet),
  }),
  route('DELETE', '/sets/{id}', 'Drops a default set', {
    parameters: { id: string('Id of the set') },
    respond: (api, call) => api.provider.dropSet(word(call, 'id')),
  }),
  route('GET', '/subscriptions', 'Subscriptions', { respond: async (api) => ({ subscriptions: await api.provider.subscriptions() }) }),
  route('POST', '/subscriptions', 'Makes or replaces a subscription: a device gets new versions as soon as they are published', {
    body: subscription,
    respond: (api, call) => api.provider.putSubscription(call.body as Subscription),
  }),
  route('DELETE', '/subscriptions/{id}', 'Drops a subscription', {
    parameters: { id: string('Id of the subscription') },
    respond: (api, call) => api.provider.dropSubscription(word(call, 'id')),
  }),
  route('GET', '/hooks', 'Registered webhooks', { respond: async (api) => ({ hooks: await api.provider.hooks() }) }),
  route('POST', '/hooks', 'Registers a webhook for outcomes; its secret is told here and nowhere else', {
    body: hook,
    respond: (api, call) => api.provider.addHook((call.body as z.infer<typeof hook>).url),
  }),
  route('DELETE', '/hooks/{id}', 'Drops a webhook', {
    parameters: { id: string('Id of the webhook') },
    respond: (api, call) => api.provider.dropHook(word(call, 'id')),
  }),
]
