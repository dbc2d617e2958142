// What reaches devices without a cable, put together: serial modems, invitations, mDNS; the lab gets two areas, one sender and one page.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { LabApi, LabEventName, LabEvents, PathProof } from '../api.ts'
import type { Addresses } from '../lab/addresses.ts'
import type { Clock } from '../lab/ports.ts'
import type { Pushes, PushSender } from '../lab/pushes.ts'
import { ownAddresses } from './interfaces.ts'
import type { MdnsOffer } from './mdns.ts'
import { labModems } from './modem.ts'
import { labWifi } from './wifi.ts'

export interface WirelessParts {
  readonly clock: Clock
  readonly random: (count: number) => Uint8Array
  readonly pushes: () => Pushes
  readonly addresses: () => Addresses
  readonly choose: LabApi['addresses']['choose']
  /** Device-facing URLs, '' where the lab has none: `http://127.0.0.1:8080/dm`. */
  readonly urls: () => { readonly dm: string; readonly dms: string; readonly gateway: string }
  readonly tell: <K extends LabEventName>(event: K, fact: LabEvents[K]) => void
}

export interface LabWireless {
  readonly areas: Pick<LabApi, 'modem' | 'wifi'>
  /** Sends by SMS what is addressed so, and the rest as before. */
  sender(other: PushSender): PushSender
  /** The connect page; true means that it answers. */
  handle(req: IncomingMessage, res: ServerResponse): boolean
  /** Paths proved by devices' browsers, newest first. */
  proofs(): readonly PathProof[]
  stop(): Promise<void>
}

export function labWireless({ clock, random, pushes, addresses, choose, urls, tell }: WirelessParts): LabWireless {
  const modems = labModems({
    clock,
    random,
    arrived: (arrived) => pushes().arrived(arrived),
    left: (sent, text, to) => pushes().sent({ device: '', sessionId: '', package: '', to, text, sent }),
    event: (text, cause) => pushes().event(text, cause),
    tell: (state) => tell('modem', state),
  })
  const own = ownAddresses(() => clock.mono())
  const wifi = labWifi({
    clock,
    random,
    candidates: () => addresses().candidates(),
    choose,
    interface: (name) => {
      if (name === '') {
        const rule = addresses().state().multicast
        return rule === null ? null : { name: rule.interface, address: rule.address }
      }
      const one = own().find((each) => each.name === name && each.family === 4)
      return one === undefined ? null : { name, address: one.address }
    },
    offers: () => offersOf(urls()),
    event: (text) => pushes().event(text, null),
    tell: (state) => tell('wifi', state),
  })
  return {
    areas: { modem: modems.area, wifi: wifi.area },
    sender: (other) => ({ send: (to, parts) => (to.startsWith('sms:') ? modems.send(to, parts) : other.send(to, parts)) }),
    handle: (req, res) => wifi.handle(req, res),
    proofs: () => wifi.proofs(),
    stop: async () => {
      await modems.stop()
      await wifi.stop()
    },
  }
}

function offersOf({ dm, dms, gateway }: ReturnType<WirelessParts['urls']>): MdnsOffer[] {
  const offer = (type: string, url: string, more: Readonly<Record<string, string>>): MdnsOffer[] => {
    if (url === '') return []
    const { port, pathname } = new URL(url)
    return [{ type, port: Number(port === '' ? 80 : port), txt: { txtvers: '1', path: pathname, ...more } }]
  }
  const secure = dms === '' ? {} : { https: new URL(dms).port || '443' }
  return [...offer('oma-dm', dm, secure), ...offer('oma-dm-gw', gateway, {})]
}
