// What the calls about software accept: jobs, catalogue, provider, software, scenarios. Bounds as everywhere: unknown keys refused, sizes limited.
import { z } from 'zod'
import type { DefaultSet, DeviceGroup, JobWish, PackageFacts, RunWish, SoftwareRequest, Subscription } from '../api.ts'
import { ARGUMENT_LIMITS as LIMIT } from './limits.ts'
import { key, name, octets, uri } from './validatebase.ts'
import type { Calls, Loose } from './validatebase.ts'

const id = name.min(1)
const url = z
  .string()
  .max(LIMIT.uri)
  .regex(/^https?:\/\//i, { error: 'expected an http or https URL' })
const confirm = z.enum(['none', 'user', 'device'])
const ids = z.array(id).max(LIMIT.commands)
const versions = z.array(z.strictObject({ id, version: name })).max(LIMIT.commands)
const item = { pkg: id.optional(), component: id.optional(), target: uri.optional() }

/** What `jobs.create` takes. */
export const jobWish = z.strictObject({
  ...item,
  device: id.optional(),
  group: id.optional(),
  deviceType: z.strictObject({ man: name, mod: name }).optional(),
  filter: z.string().min(1).max(LIMIT.uri).optional(),
  type: z.enum(['scomo', 'fumo']),
  op: z.enum(['deliver', 'install', 'installInactive', 'update', 'remove', 'activate', 'deactivate', 'exec']),
  items: z.array(z.strictObject(item)).min(1).max(LIMIT.commands).optional(),
  mechanism: z.enum(['auto', 'dm-large', 'http', 'dlota1', 'dlota1-combined', 'dlota2']).optional(),
  confirm: confirm.optional(),
  correlator: z.string().min(1).max(255).optional(),
  reason: z.enum(['feature', 'security', 'performance']).optional(),
  inventory: z.boolean().optional(),
  reboot: z.enum(['before', 'after', 'both']).optional(),
  updateWay: z.enum(['U1', 'U2', 'U3']).optional(),
  stopOnError: z.boolean().optional(),
  retryUnknown: z.boolean().optional(),
  wake: z.boolean().optional(),
  limitMs: z.int().min(1).max(31_536_000_000).optional(),
  notify: url.optional(),
})

/** What somebody says of a package at intake. */
export const packageFacts = z.strictObject({
  pkgId: id.optional(),
  kind: z.enum(['software', 'firmware']).optional(),
  name: name.optional(),
  version: name.optional(),
  description: name.optional(),
  components: versions.optional(),
  envType: name.optional(),
  pkgType: name.optional(),
  manufacturers: ids.optional(),
  models: ids.optional(),
  dependencies: versions.optional(),
  fromVersion: name.optional(),
})

export const deviceGroup = z.strictObject({ name: id, devices: z.array(id).max(100_000) })

export const defaultSet = z.strictObject({
  id,
  man: name,
  mod: name,
  items: z.array(z.strictObject({ component: id, pkg: id, version: z.enum(['exact', 'latest']), active: z.boolean() })).max(LIMIT.commands),
  remove: z.boolean(),
  confirm,
})

export const subscription = z.strictObject({ id, device: id, provider: name, components: ids, newToo: z.boolean(), confirm })

/** What `software.request` takes. */
export const softwareRequest = z.strictObject({
  type: z.enum(['scomo', 'fumo']),
  by: z.enum(['user', 'device']),
  operation: z.enum(['CheckUpdate', 'Install', 'InstallInactive', 'Update', 'Remove', 'Activate', 'Deactivate', 'Download', 'Resume']),
  pkg: id.optional(),
  component: id.optional(),
  version: name.optional(),
  source: z.string().max(LIMIT.uri).optional(),
})

/** What `scenarios.run` takes. */
export const runWish = z.strictObject({
  id: z.string().regex(/^[A-Za-z0-9.-]{1,100}$/, { error: 'expected letters, digits, dots and hyphens' }),
  encoding: z.enum(['xml', 'wbxml']).optional(),
  seed: z.int().min(0).max(4_294_967_295).optional(),
  transport: z.enum(['memory', 'sockets', 'live', 'relayed']).optional(),
  device: id.optional(),
  fault: id.optional(),
  pace: z.int().min(0).max(60_000).optional(),
})

/** Where a webhook goes. */
export const hookUrl = url
export const runNumbers = z.array(z.int().min(1)).min(1).max(1000)
export const reportFormat = z.enum(['html', 'junit'])

export const JOBS_CALLS: Calls<'jobs'> = {
  create: [['wish', jobWish satisfies z.ZodType<Loose<Omit<JobWish, 'items'>>>]],
  list: [
    ['device', name],
    ['before', name.optional()],
  ],
  get: [['id', name.min(1)]],
  cancel: [['id', name.min(1)]],
}

export const CATALOGUE_CALLS: Calls<'catalogue'> = {
  list: [],
  add: [
    ['name', name.min(1)],
    ['bytes', octets(LIMIT.capture)],
    ['facts', packageFacts satisfies z.ZodType<Loose<PackageFacts>>],
  ],
  withdraw: [['pkgId', name.min(1)]],
}

export const PROVIDER_CALLS: Calls<'provider'> = {
  groups: [],
  putGroup: [['group', deviceGroup satisfies z.ZodType<DeviceGroup>]],
  dropGroup: [['name', name.min(1)]],
  sets: [],
  putSet: [['set', defaultSet satisfies z.ZodType<DefaultSet>]],
  dropSet: [['id', name.min(1)]],
  subscriptions: [],
  putSubscription: [['subscription', subscription satisfies z.ZodType<Subscription>]],
  dropSubscription: [['id', name.min(1)]],
  hooks: [],
  addHook: [['url', hookUrl]],
  dropHook: [['id', name.min(1)]],
}

export const SOFTWARE_CALLS: Calls<'software'> = {
  board: [['device', name.min(1)]],
  request: [
    ['device', name.min(1)],
    ['request', softwareRequest satisfies z.ZodType<Loose<SoftwareRequest>>],
  ],
  restart: [['device', name.min(1)]],
}

export const SCENARIOS_CALLS: Calls<'scenarios'> = {
  list: [],
  run: [['wish', runWish satisfies z.ZodType<Loose<RunWish>>]],
  runs: [],
  cancel: [['run', key]],
  report: [
    ['runs', runNumbers],
    ['format', reportFormat],
  ],
}
