// Routes of areas modem and wifi: serial modems, SMS as PDUs, invitations with QR codes, mDNS. The same words as LabApi.
import { z } from 'zod'
import type { InviteWish, MdnsWish, ModemOptions, SmsWish } from '../api.ts'
import type { ApiCall, Parameter, Route } from './route.ts'
import { fits, string, word } from './route.ts'
import { inviteId, inviteWish, mdnsWish, modemOptions, pduDirection, pduText, serialPort, smsTo } from './validatemodem.ts'

type Rest = Pick<Route, 'respond'> & { readonly parameters?: Readonly<Record<string, Parameter>>; readonly body?: Route['body'] }
const route = (method: Route['method'], path: string, text: string, rest: Rest): Route => ({ method, path, text, ...rest }) as Route
const atPort = z.strictObject({ port: serialPort })
const opened = modemOptions.extend({ port: serialPort })
const sms = z.strictObject({ to: smsTo, pdu: z.base64().min(1), reference: z.int().min(0).max(65_535).optional() })
const told = z.strictObject({ hex: pduText, direction: pduDirection })
const mdns = z.strictObject({ wish: mdnsWish.nullable() })

const portOf = (call: ApiCall): string => (call.body as z.infer<typeof atPort>).port
const optionsOf = (call: ApiCall): ModemOptions => {
  const { port, ...options } = call.body as z.infer<typeof opened>
  void port
  return options as ModemOptions
}
const wishOf = (call: ApiCall): SmsWish => {
  const { to, pdu, reference } = call.body as z.infer<typeof sms>
  return { to, pdu: new Uint8Array(Buffer.from(pdu, 'base64')), ...(reference === undefined ? {} : { reference }) }
}

export const MODEM_ROUTES: readonly Route[] = [
  route('GET', '/modems', 'Serial ports of this computer and modems at them', { respond: (api) => api.modem.state() }),
  route('POST', '/modems/probe', 'Opens a port, asks the modem how it fares, and gives the port back', {
    body: opened,
    respond: (api, call) => api.modem.probe(portOf(call), optionsOf(call)),
  }),
  route('POST', '/modems/listen', 'Opens a port and records what comes in', {
    body: opened,
    respond: (api, call) => api.modem.listen(portOf(call), optionsOf(call)),
  }),
  route('POST', '/modems/close', 'Gives a port back', { body: atPort, respond: (api, call) => api.modem.close(portOf(call)) }),
  route('GET', '/modems/dialogue', 'What was said to and by a modem', {
    parameters: { port: fits(string('Path of the port', 'query'), serialPort) },
    respond: async (api, call) => ({ lines: await api.modem.dialogue(word(call, 'port')) }),
  }),
  route('POST', '/sms/build', 'SMS PDUs of a push (base64), for copying; nothing leaves', {
    body: sms,
    respond: (api, call) => api.modem.build(wishOf(call)),
  }),
  route('POST', '/sms', 'Sends a push (base64) by SMS', { body: sms, respond: (api, call) => api.modem.send(wishOf(call)) }),
  route('GET', '/sms', 'SMS that left and came', { respond: async (api) => ({ messages: await api.modem.messages() }) }),
  route('POST', '/sms/decode', 'Reads an SMS PDU field by field', {
    body: told,
    respond: (api, call) => {
      const { hex, direction } = call.body as z.infer<typeof told>
      return api.modem.decode(hex, direction)
    },
  }),
  route('GET', '/wifi', 'Invitations, proofs of paths, and mDNS', { respond: (api) => api.wifi.state() }),
  route('POST', '/wifi/invitations', 'Makes an invitation with QR codes for one device', {
    body: inviteWish,
    respond: (api, call) => api.wifi.invite(call.body as InviteWish),
  }),
  route('DELETE', '/wifi/invitations/{id}', 'Takes an invitation back', {
    parameters: { id: fits(string('Id of the invitation'), inviteId) },
    respond: (api, call) => api.wifi.withdraw(word(call, 'id')),
  }),
  route('PUT', '/wifi/publish', 'Publishes the lab by mDNS; wish null stops', {
    body: mdns,
    respond: (api, call) => api.wifi.publish((call.body as { wish: MdnsWish | null }).wish),
  }),
  route('PUT', '/wifi/browse', 'Looks for labs and servers by mDNS; wish null stops', {
    body: mdns,
    respond: (api, call) => api.wifi.browse((call.body as { wish: MdnsWish | null }).wish),
  }),
]
