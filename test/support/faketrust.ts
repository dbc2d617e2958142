// Areas trust and addresses of a lab in memory: they hold what they are told; for the contract suite and the window's tests.
import type { AddressCandidate, AddressChoice, AddressesState, LabApi, LabEvents, TlsSettings, TrustState } from '../../core/api.ts'

export type TrustAreas = Pick<LabApi, 'trust' | 'addresses'>

/** What a test may change; `tell` goes to the subscribers. */
export interface TrustWorld {
  trust: TrustState
  addresses: AddressesState
}

const candidate = (id: string, kind: AddressCandidate['kind'], host: string, name: string, reachable = true): AddressCandidate => ({
  id,
  kind,
  interface: name,
  host,
  http: `http://${host}:8080`,
  https: `https://${host}:8443`,
  reachable,
  text: reachable ? '' : 'the lab listens on this computer only',
})

const chosen = (device: string, one: AddressCandidate, scheme: 'http' | 'https', by: AddressChoice['by'], why: string): AddressChoice => {
  const base = scheme === 'http' ? one.http : one.https
  const urls = { dm: `${base}/dm`, download: `${base}/dl/`, gateway: `${base}/gw`, image: `${base}/gw/image/` }
  return { device, candidate: one.id, scheme, base, by, why, urls, local: '', remote: '', lastAt: 0 }
}

export function trustWorld(): TrustWorld {
  const candidates = [candidate('loopback', 'loopback', '127.0.0.1', 'lo'), candidate('wlan0/192.168.1.5', 'wifi', '192.168.1.5', 'wlan0')]
  const settings: TlsSettings = { profile: 'compatible', minVersion: 'TLSv1.2', maxVersion: 'TLSv1.3', clientCertificates: 'off' }
  return {
    trust: {
      https: 'https://127.0.0.1:8443',
      why: '',
      authority: {
        serial: '01',
        subject: 'CN=DM Lab authority',
        names: [],
        fingerprint: Array.from({ length: 32 }, () => 'AB').join(':'),
        notBefore: Date.UTC(2026, 0, 1),
        notAfter: Date.UTC(2036, 0, 1),
        key: 'ec',
        secret: 'plain',
        why: '',
        url: 'http://127.0.0.1:8080/ca.crt',
      },
      servers: [],
      clients: [],
      settings,
      ciphers: ['TLS_AES_256_GCM_SHA384', 'ECDHE-ECDSA-AES128-GCM-SHA256'],
      remark: '',
    },
    addresses: {
      candidates,
      otherwise: chosen('', candidates[0] as AddressCandidate, 'http', 'rule', 'nothing is known of the device'),
      devices: [],
      multicast: { interface: 'wlan0', address: '192.168.1.5', by: 'rule', why: 'the first interface that can' },
      ports: { http: 8080, https: 8443 },
    },
  }
}

/** The areas over `world`. `called` is told of every call that changes something. */
export function fakeTrust(parts: {
  readonly tell: <K extends 'trust' | 'addresses'>(event: K, fact: LabEvents[K]) => void
  readonly now: () => number
  readonly called?: (call: string) => void
  readonly world?: TrustWorld
}): TrustAreas {
  const { tell, now, called = () => {}, world = trustWorld() } = parts
  const trusts = (change: Partial<TrustState>): TrustState => {
    world.trust = { ...world.trust, ...change }
    tell('trust', world.trust)
    return world.trust
  }
  const addressed = (change: Partial<AddressesState>): AddressesState => {
    world.addresses = { ...world.addresses, ...change }
    tell('addresses', world.addresses)
    return world.addresses
  }
  const found = (id: string): AddressCandidate => {
    const one = world.addresses.candidates.find((row) => row.id === id)
    if (one === undefined) throw new Error(`there is no address ${id}`)
    return one
  }
  return {
    trust: {
      state: async () => world.trust,
      authority: async (format) => ({
        name: `dm-lab-ca.${format === 'qr' ? 'svg' : format}`,
        type: 'text/plain',
        bytes: new TextEncoder().encode(format),
      }),
      settings: async (change) => {
        called(`trust.settings ${JSON.stringify(change)}`)
        return trusts({ settings: { ...world.trust.settings, ...change } })
      },
      issue: async ({ device, days = 397 }) => {
        called(`trust.issue ${device}`)
        const serial = String(world.trust.clients.length + 10)
        const times = { notBefore: now(), notAfter: now() + days * 86_400_000, lastAt: 0 }
        const row = { serial, subject: `CN=${device}`, names: [], fingerprint: 'CD', device, withdrawn: false, ...times }
        trusts({ clients: [...world.trust.clients, row] })
        return { row, cert: '-----BEGIN CERTIFICATE-----\n', key: '-----BEGIN PRIVATE KEY-----\n' }
      },
      withdraw: async (serial) => trusts({ clients: world.trust.clients.map((row) => (row.serial === serial ? { ...row, withdrawn: true } : row)) }),
      replace: async (key) => {
        called(`trust.replace ${key}`)
        const { authority } = world.trust
        return trusts({ authority: authority === null ? null : { ...authority, key }, clients: [] })
      },
    },
    addresses: {
      list: async () => world.addresses,
      choice: async (device) => world.addresses.devices.find((one) => one.device === device) ?? { ...world.addresses.otherwise, device },
      choose: async (device, id, scheme = 'http') => {
        called(`addresses.choose ${device} ${id}`)
        const { devices, candidates, otherwise } = world.addresses
        const auto = (): AddressChoice => chosen(device, candidates[0] as AddressCandidate, 'http', 'rule', 'nothing is known of the device')
        const made = id === '' ? auto() : chosen(device, found(id), scheme, 'hand', 'chosen by hand')
        addressed(
          device === ''
            ? { otherwise: made }
            : { otherwise, devices: [...devices.filter((one) => one.device !== device), ...(id === '' ? [] : [made])] },
        )
        return made
      },
      add: async ({ name, http = '', https = '' }) => {
        called(`addresses.add ${name}`)
        const { hostname } = new URL(http === '' ? https : http)
        const one: AddressCandidate = { id: `hand/${name}`, kind: 'hand', interface: '', host: hostname, http, https, reachable: true, text: '' }
        return addressed({ candidates: [...world.addresses.candidates, one] })
      },
      remove: async (id) => addressed({ candidates: world.addresses.candidates.filter((one) => one !== found(id)) }),
      test: async (id) => {
        const { http, https } = found(id)
        return [http, https]
          .filter((url) => url !== '')
          .map((url) => ({ candidate: id, url, result: 'ours' as const, ms: 3, text: 'this lab answered' }))
      },
      multicast: async (name) => {
        const one = world.addresses.candidates.find((row) => row.interface === name)
        return addressed({ multicast: one === undefined ? null : { interface: name, address: one.host, by: 'hand', why: 'chosen by hand' } })
      },
    },
  }
}
