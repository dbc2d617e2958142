// Routes of areas adb and connect: the same words as LabApi.
import { z } from 'zod'
import type { AdbFile, AdbLogFilter, AdbLogWish } from '../api.ts'
import type { Parameter, Route } from './route.ts'
import { fits, int, number, string, word } from './route.ts'
import { adbFile, adbLabel, adbLogFilter, adbLogWish, adbSerial, hostAddress, pairingCode, tcpPort, tcpPorts } from './validateadb.ts'

type Rest = Pick<Route, 'respond'> & { readonly parameters?: Readonly<Record<string, Parameter>>; readonly body?: Route['body'] }
const route = (method: Route['method'], path: string, text: string, rest: Rest): Route => ({ method, path, text, ...rest }) as Route
const SERIAL = { serial: fits(string('Serial number as adb writes it'), adbSerial) }
const ports = z.strictObject({ ports: tcpPorts.optional() })
const address = z.strictObject({ address: hostAddress })
const file = adbFile.omit({ bytes: true }).extend({ bytes: z.base64() })
const body = <T>(call: { readonly body: unknown }): T => call.body as T
type Ports = z.infer<typeof ports>
type Address = z.infer<typeof address>

export const ADB_ROUTES: readonly Route[] = [
  route('GET', '/connect', 'Ways a device can reach this lab, best first, with proof or problems', { respond: (api) => api.connect.state() }),
  route('GET', '/connect/reach', 'What speaks against a device at an address reaching this lab', {
    parameters: { address: fits(string('host or host:port', 'query'), hostAddress) },
    respond: (api, call) => api.connect.reach(word(call, 'address')),
  }),
  route('GET', '/connect/port/{port}', 'Who holds a TCP port of this computer', {
    parameters: { port: fits(int('TCP port'), tcpPort) },
    respond: (api, call) => api.connect.port(number(call, 'port')),
  }),
  route('GET', '/adb', 'The adb server and its devices', { respond: (api) => api.adb.state() }),
  route('PUT', '/adb/server', 'Where the adb server is', {
    body: z.strictObject({ port: tcpPort }),
    respond: (api, call) => api.adb.server(body<{ port: number }>(call).port),
  }),
  route('POST', '/adb/server', 'Starts an adb server with the adb program of this computer', { respond: (api) => api.adb.startServer() }),
  route('POST', '/adb/connect', 'Connects a device over Wi-Fi', {
    body: address,
    respond: (api, call) => api.adb.connect(body<Address>(call).address),
  }),
  route('POST', '/adb/disconnect', 'Disconnects a device that was connected over Wi-Fi', {
    body: address,
    respond: (api, call) => api.adb.disconnect(body<Address>(call).address),
  }),
  route('POST', '/adb/pair', 'Pairs with a device over Wi-Fi', {
    body: address.extend({ code: pairingCode }),
    respond: (api, call) => api.adb.pair(body<Address>(call).address, body<{ code: string }>(call).code),
  }),
  route('POST', '/adb/devices/{serial}/probe', 'Asks a device for a sign of life, its facts and its clock', {
    parameters: SERIAL,
    respond: (api, call) => api.adb.probe(word(call, 'serial')),
  }),
  route('POST', '/adb/devices/{serial}/reconnect', "Makes a device's connection anew", {
    parameters: SERIAL,
    respond: (api, call) => api.adb.reconnect(word(call, 'serial')),
  }),
  route('POST', '/adb/devices/{serial}/reverse', "Makes the lab's ports reachable on the device", {
    parameters: SERIAL,
    body: ports,
    respond: (api, call) => api.adb.reverse(word(call, 'serial'), body<Ports>(call).ports),
  }),
  route('POST', '/adb/devices/{serial}/unreverse', 'Takes the tunnels of this lab back', {
    parameters: SERIAL,
    body: ports,
    respond: (api, call) => api.adb.unreverse(word(call, 'serial'), body<Ports>(call).ports),
  }),
  route('POST', '/adb/devices/{serial}/push', 'Puts a file on a device; bytes in base64', {
    parameters: SERIAL,
    body: file,
    respond: (api, call) => {
      const { bytes, ...rest } = body<z.infer<typeof file>>(call)
      return api.adb.push(word(call, 'serial'), adbFile.parse({ ...rest, bytes: new Uint8Array(Buffer.from(bytes, 'base64')) }) as AdbFile)
    },
  }),
  route('POST', '/adb/devices/{serial}/identify', 'Shows a big label in the browser of a device', {
    parameters: SERIAL,
    body: z.strictObject({ label: adbLabel.optional() }),
    respond: (api, call) => api.adb.identify(word(call, 'serial'), body<{ label?: string }>(call).label),
  }),
  route('PUT', '/adb/devices/{serial}/log', 'Turns the log of a device on, with a filter, or off with null', {
    parameters: SERIAL,
    body: adbLogFilter.nullable(),
    respond: (api, call) => api.adb.logcat(word(call, 'serial'), body<AdbLogFilter | null>(call)),
  }),
  route('POST', '/adb/devices/{serial}/log', 'Log lines of a device on the time axis of the lab', {
    parameters: SERIAL,
    body: adbLogWish,
    respond: (api, call) => api.adb.log(word(call, 'serial'), body<AdbLogWish>(call)),
  }),
  route('DELETE', '/adb/devices/{serial}', 'Forgets a device that vanished', {
    parameters: SERIAL,
    respond: (api, call) => api.adb.forget(word(call, 'serial')),
  }),
]
