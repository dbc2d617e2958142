// Routes of proxies, the dialect file, unknown devices and refused credentials. The same words as LabApi.
import { z } from 'zod'
import type { EnrolDecision, ProxyWish, ResetWish } from '../api.ts'
import type { Route } from './route.ts'
import { int, number, string, word } from './route.ts'
import { dialectText, enrolDecision, proxyWish, resetWish } from './validateproxies.ts'

const DEVICE = { device: string('Id of the device') }
const text = z.strictObject({ text: dialectText })

export const PROXY_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/wants',
    text: 'Unknown devices that wait for a decision, the newest first',
    respond: async (api) => ({ wants: await api.devices.wants() }),
  },
  {
    method: 'POST',
    path: '/devices/{device}/decision',
    text: 'Decides about an unknown device: adopt, adopt always, ignore',
    parameters: DEVICE,
    body: z.strictObject({ decision: enrolDecision }),
    respond: (api, call) => api.devices.decide(word(call, 'device'), (call.body as { decision: EnrolDecision }).decision),
  },
  {
    method: 'POST',
    path: '/devices/{device}/reset',
    text: 'Brings a device back to a known state: nonces, orders, jobs, tree',
    parameters: DEVICE,
    body: resetWish,
    respond: (api, call) => api.devices.reset(word(call, 'device'), call.body as ResetWish),
  },
  {
    method: 'GET',
    path: '/trace/{seq}/why',
    text: 'Why the credentials of a message were refused, told from its bytes; never the secret',
    parameters: { seq: int('Sequence number of the message, or of the answer that refused it') },
    respond: (api, call) => api.evidence.why(number(call, 'seq')),
  },
  {
    method: 'GET',
    path: '/proxies',
    text: 'Recording proxies in front of foreign servers',
    respond: async (api) => ({ proxies: await api.proxies.list() }),
  },
  {
    method: 'POST',
    path: '/proxies',
    text: 'Opens a recording proxy',
    body: proxyWish,
    respond: (api, call) => api.proxies.add(call.body as ProxyWish),
  },
  {
    method: 'DELETE',
    path: '/proxies/{id}',
    text: 'Closes a recording proxy',
    parameters: { id: string('Id of the proxy') },
    respond: (api, call) => api.proxies.remove(word(call, 'id')),
  },
  { method: 'GET', path: '/dialect', text: 'The dialect file, its mistakes, and what is in force', respond: (api) => api.dialect.get() },
  {
    method: 'PUT',
    path: '/dialect',
    text: 'Writes the dialect file; it is in force at once',
    body: text,
    respond: (api, call) => api.dialect.put((call.body as z.infer<typeof text>).text),
  },
  {
    method: 'POST',
    path: '/dialect/check',
    text: 'Reads a text as a dialect file without using it',
    body: text,
    respond: async (api, call) => ({ problems: await api.dialect.check((call.body as z.infer<typeof text>).text) }),
  },
  {
    method: 'GET',
    path: '/devices/{device}/dialect',
    text: 'What the dialect file says of a device',
    parameters: DEVICE,
    respond: (api, call) => api.dialect.view(word(call, 'device')),
  },
]
