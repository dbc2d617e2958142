// Areas modem and wifi of a lab in memory: they hold what they are told; for the contract suite and the window's tests.
import type { ConnectInvite, LabApi, LabEvents, ModemRow, ModemState, PduView, SmsRow, WifiState } from '../../core/api.ts'
import { encodeSubmit, pduHex, pduOctets, tpduLength } from '../../core/notify/pdu.ts'
import { pduText, readPdu } from '../../core/notify/pduread.ts'
import { smsUserData } from '../../core/notify/sms.ts'
import { smsTarget } from '../../core/notify/smstarget.ts'

export type ModemAreas = Pick<LabApi, 'modem' | 'wifi'>

/** What a test may change; `tell` goes to the subscribers. */
export interface ModemWorld {
  modem: ModemState
  messages: SmsRow[]
  wifi: WifiState
}

const PORT = '/dev/ttyUSB0'

export const fakeModemRow = (path: string, at: number, change: Partial<ModemRow> = {}): ModemRow => ({
  path,
  stage: 'ready',
  listening: false,
  name: 'Acme M-1',
  sim: 'ready',
  dbm: -73,
  operator: 'Test Net',
  trouble: '',
  lastAt: at,
  queued: 0,
  ...change,
})

export function modemWorld(): ModemWorld {
  const mdns = { publishing: false, browsing: false, name: 'DM Lab', interface: '', address: '', services: [], trouble: '' }
  return {
    modem: {
      ports: [
        { path: PORT, stable: '/dev/serial/by-id/usb-Acme_M-1-if00', text: 'Acme M-1 (12d1:1001)', trouble: '' },
        { path: '/dev/ttyUSB1', stable: '', text: '', trouble: 'no permission: join the group dialout (sudo usermod -aG dialout $USER)' },
      ],
      modems: [],
      trouble: '',
    },
    messages: [],
    wifi: { invites: [], proofs: [], mdns },
  }
}

/** A PDU as the window shows it. */
export function pduViewOf(octets: Uint8Array, direction: 'to the network' | 'from the network'): PduView {
  const pdu = readPdu(octets, direction)
  return { kind: pdu.kind, hex: pduHex(octets), length: pdu.length, fields: pdu.fields, text: pduText(pdu), remarks: pdu.remarks }
}

/** The areas over `world`. `called` is told of every call that changes something. */
export function fakeModem(parts: {
  readonly tell: <K extends 'modem' | 'wifi'>(event: K, fact: LabEvents[K]) => void
  readonly now: () => number
  readonly called?: (call: string) => void
  readonly world?: ModemWorld
}): ModemAreas {
  const { tell, now, called = () => {}, world = modemWorld() } = parts
  const moved = (change: Partial<ModemState>): ModemState => {
    world.modem = { ...world.modem, ...change }
    tell('modem', world.modem)
    return world.modem
  }
  const wifi = (change: Partial<WifiState>): WifiState => {
    world.wifi = { ...world.wifi, ...change }
    tell('wifi', world.wifi)
    return world.wifi
  }
  const opened = (path: string, change: Partial<ModemRow>): ModemRow => {
    const port = world.modem.ports.find((row) => row.path === path)
    if (port === undefined) throw new Error(`there is no port ${path}`)
    if (port.trouble !== '') throw new Error(port.trouble)
    const row = fakeModemRow(path, now(), change)
    moved({ modems: [...world.modem.modems.filter((one) => one.path !== path), row] })
    return row
  }
  const built = (to: string, pdu: Uint8Array, reference = 1): PduView[] => {
    const { number, report } = smsTarget(to)
    return smsUserData(pdu, reference).map((userData) => pduViewOf(encodeSubmit({ number, userData, header: true, report }), 'to the network'))
  }
  return {
    modem: {
      state: async () => world.modem,
      probe: async (path) => opened(path, { stage: 'closed' }),
      listen: async (path) => {
        called(`modem.listen ${path}`)
        return opened(path, { listening: true })
      },
      close: async (path) => {
        called(`modem.close ${path}`)
        return moved({ modems: world.modem.modems.map((row) => (row.path === path ? { ...row, stage: 'closed', listening: false } : row)) })
      },
      dialogue: async () => [{ at: now(), direction: 'out', text: 'AT', meaning: 'is anybody there?' }],
      build: async ({ to, pdu, reference = 1 }) => ({
        number: smsTarget(to).number,
        reference,
        parts: built(to, pdu, reference).map((view) => ({ command: `AT+CMGS=${String(tpduLength(pduOctets(view.hex)))}`, pdu: view })),
      }),
      send: async ({ to, pdu, reference }) => {
        called(`modem.send ${to}`)
        const parts = built(to, pdu, reference).map((view, i) => ({ pdu: view, state: 'sent' as const, reference: i + 1, text: '' }))
        const { number, port } = smsTarget(to)
        const row: SmsRow = { id: world.messages.length + 1, direction: 'out', path: port || PORT, number, at: now(), seq: 0, parts, text: 'sent' }
        world.messages.push(row)
        moved({})
        return row
      },
      messages: async () => world.messages,
      decode: async (hex, direction) => pduViewOf(pduOctets(hex), direction),
    },
    wifi: {
      state: async () => world.wifi,
      invite: async ({ device = '', lifeMs = 600_000 }) => {
        called(`wifi.invite ${device}`)
        const base = 'http://192.168.1.5:8080'
        const way = { candidate: 'wlan0/192.168.1.5', kind: 'wifi' as const, interface: 'wlan0', base }
        const svg = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><path d="M0 0h8v8H0z"/></svg>'
        const code = { candidate: way.candidate, url: `${base}/connect?t=0#${base}`, svg, png: new Uint8Array(0), modules: 25 }
        const id = (world.wifi.invites.length + 1).toString(16)
        const invite: ConnectInvite = { id, device, createdAt: now(), until: now() + lifeMs, state: 'open', ways: [way], codes: [code], report: null }
        wifi({ invites: [...world.wifi.invites, invite] })
        return invite
      },
      withdraw: async (id) => {
        if (!world.wifi.invites.some((one) => one.id === id)) throw new Error(`there is no invitation ${id}`)
        return wifi({ invites: world.wifi.invites.map((one) => (one.id === id ? { ...one, state: 'withdrawn' as const } : one)) })
      },
      publish: async (wish) => {
        const mdns = { ...world.wifi.mdns, publishing: wish !== null, name: wish?.name ?? 'DM Lab', interface: wish === null ? '' : 'wlan0' }
        return wifi({ mdns }).mdns
      },
      browse: async (wish) => wifi({ mdns: { ...world.wifi.mdns, browsing: wish !== null, services: [] } }).mdns,
    },
  }
}
