// The ledger as one session or one input sees it: with orders just saved, or with the default nonce in place of those stored.
import { base64 } from '../syncml/text.ts'
import type { Order, ServerLedger } from './records.ts'

/** The ledger with the default nonce in both directions (NOTI 6.2). */
export function resynchronised(ledger: ServerLedger, nonce: Uint8Array): ServerLedger {
  return {
    account: (device, userName) => ledger.account(device, userName),
    nonces: (device, serverId) => ({ device, serverId, client: nonce, server: { text: base64(nonce), octets: null }, reading: null }),
    device: (device) => ledger.device(device),
    value: (device, uri) => ledger.value(device, uri),
    orders: (device) => ledger.orders(device),
  }
}

/** The ledger with what this input has saved so far; `fresh` may grow later. */
export function withFresh(ledger: ServerLedger, fresh: ReadonlyMap<string, Order>): ServerLedger {
  return {
    account: (device, userName) => ledger.account(device, userName),
    nonces: (device, serverId) => ledger.nonces(device, serverId),
    device: (device) => ledger.device(device),
    value: (device, uri) => ledger.value(device, uri),
    orders: (device) => (fresh.size === 0 ? ledger.orders(device) : ledger.orders(device).map((order) => fresh.get(order.id) ?? order)),
  }
}
