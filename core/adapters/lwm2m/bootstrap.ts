// Bootstrap of a LwM2M client (OMA-TS-LightweightM2M-V1_0 clause 5.2, client-initiated): what the bootstrap server writes, in order, as data.
import { bytesOf } from './model.ts'
import { tlvOf } from './payload.ts'

/** One request to the client. */
export interface BootstrapStep {
  readonly method: 'DELETE' | 'PUT' | 'POST'
  readonly path: string
  /** TLV; empty for DELETE and for the finish. */
  readonly payload: Uint8Array
}

/** The account a client gets. */
export interface LwAccount {
  /** `coap://host:port` */
  readonly uri: string
  readonly shortId: number
  /** Seconds. */
  readonly lifetime: number
}

const NONE = new Uint8Array(0)
const NO_SECURITY = '3'

/** Deletes what accounts it has, writes Security and Server, and says that is all. */
export function bootstrapSteps({ uri, shortId, lifetime }: LwAccount): readonly BootstrapStep[] {
  const value = (object: number, id: number, type: 'string' | 'integer' | 'boolean', text: string): { path: number[]; value: Uint8Array } => ({
    path: [object, 0, id],
    value: bytesOf(type, text),
  })
  const security = [
    value(0, 0, 'string', uri),
    value(0, 1, 'boolean', 'false'),
    value(0, 2, 'integer', NO_SECURITY),
    { path: [0, 0, 3], value: NONE },
    { path: [0, 0, 4], value: NONE },
    { path: [0, 0, 5], value: NONE },
    value(0, 10, 'integer', String(shortId)),
  ]
  const server = [
    value(1, 0, 'integer', String(shortId)),
    value(1, 1, 'integer', String(lifetime)),
    value(1, 6, 'boolean', 'true'),
    value(1, 7, 'string', 'U'),
  ]
  return [
    { method: 'DELETE', path: '/0', payload: NONE },
    { method: 'DELETE', path: '/1', payload: NONE },
    { method: 'PUT', path: '/0/0', payload: tlvOf([0, 0], security) },
    { method: 'PUT', path: '/1/0', payload: tlvOf([1, 0], server) },
    { method: 'POST', path: '/bs', payload: NONE },
  ]
}
