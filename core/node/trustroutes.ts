// Routes of areas trust and addresses: certificates, TLS settings, and the addresses devices are told. The same words as LabApi.
import { z } from 'zod'
import type { AddressWish, ClientCertificateWish, TlsSettings } from '../api.ts'
import { ARGUMENT_LIMITS as LIMIT } from './limits.ts'
import type { Parameter, Route } from './route.ts'
import { fits, string, word } from './route.ts'
import { addressWish, authorityKey, candidateId, clientWish, scheme, serialNumber, tlsChange, trustFormat } from './validatetrust.ts'

type Rest = Pick<Route, 'respond'> & { readonly parameters?: Readonly<Record<string, Parameter>>; readonly body?: Route['body'] }
const route = (method: Route['method'], path: string, text: string, rest: Rest): Route => ({ method, path, text, ...rest }) as Route
const CANDIDATE = { candidate: string('Id of the address', 'query') }
const chosen = z.strictObject({ device: z.string().max(LIMIT.name), candidate: candidateId, scheme: scheme.optional() })

export const TRUST_ROUTES: readonly Route[] = [
  route('GET', '/trust', "The lab's certificate authority, its certificates, and how TLS is spoken", { respond: (api) => api.trust.state() }),
  route('GET', '/trust/authority/{format}', "The authority's certificate as a file: pem, der, or qr (SVG)", {
    parameters: { format: fits(string('pem, der or qr'), trustFormat) },
    respond: (api, call) => api.trust.authority(word(call, 'format') as z.infer<typeof trustFormat>),
  }),
  route('POST', '/trust/authority', 'Makes a new authority; every device has to be given it anew', {
    body: z.strictObject({ key: authorityKey }),
    respond: (api, call) => api.trust.replace((call.body as { key: 'ec' | 'rsa' }).key),
  }),
  route('PUT', '/trust/settings', 'Changes how TLS is spoken', {
    body: tlsChange,
    respond: (api, call) => api.trust.settings(call.body as Partial<TlsSettings>),
  }),
  route('POST', '/trust/clients', 'Issues a client certificate for a device; its private key is told once', {
    body: clientWish,
    respond: (api, call) => api.trust.issue(call.body as ClientCertificateWish),
  }),
  route('DELETE', '/trust/clients/{serial}', 'Withdraws a client certificate', {
    parameters: { serial: fits(string('Serial number, hexadecimal'), serialNumber) },
    respond: (api, call) => api.trust.withdraw(word(call, 'serial')),
  }),
  route('GET', '/addresses', 'Addresses of this lab and which one each device is told', { respond: (api) => api.addresses.list() }),
  route('POST', '/addresses', 'Adds a NAT or proxy name by hand', {
    body: addressWish,
    respond: (api, call) => api.addresses.add(call.body as AddressWish),
  }),
  route('DELETE', '/addresses', 'Removes an address entered by hand', {
    parameters: CANDIDATE,
    respond: (api, call) => api.addresses.remove(word(call, 'candidate')),
  }),
  route('GET', '/addresses/test', 'Connects to each base of an address and says what happened', {
    parameters: CANDIDATE,
    respond: async (api, call) => ({ tests: await api.addresses.test(word(call, 'candidate')) }),
  }),
  route(
    'PUT',
    '/addresses/choice',
    'Chooses the address a device (an empty one: every unknown one) is told; an empty candidate goes back to the rule',
    {
      body: chosen,
      respond: (api, call) => {
        const { device, candidate, scheme: wanted } = call.body as z.infer<typeof chosen>
        return api.addresses.choose(device, candidate, wanted)
      },
    },
  ),
  route('PUT', '/addresses/multicast', 'Chooses the interface that multicast leaves from; an empty name goes back to the rule', {
    body: z.strictObject({ interface: z.string().max(64) }),
    respond: (api, call) => api.addresses.multicast((call.body as { interface: string }).interface),
  }),
  route('GET', '/devices/{device}/address', 'The address a device is told, and why', {
    parameters: { device: string('Id of the device') },
    respond: (api, call) => api.addresses.choice(word(call, 'device')),
  }),
]
