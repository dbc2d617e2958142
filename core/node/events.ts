// What happens, as JSON text over a WebSocket of the local API, for whoever watches from outside: one message a fact, shapes as the routes give them.
import type { WebSocket } from 'ws'
import type { LabApi } from '../api.ts'
import { toJson } from './apicall.ts'

/** Where it is, below /api/v1. */
export const EVENTS_PATH = '/events'

/** Unsent bytes at which a listener is let go (1013): it reads `GET /jobs` and comes again. */
const MOST = 4 << 20

/** How the document of the API describes it. */
export const EVENTS_OPERATION = {
  summary:
    'WebSocket (RFC 6455): one JSON text message a fact: {"event":"job","job":{…}} whenever a job moves, its outcome included (state, resultCode, items as GET /jobs/{id} has them); {"event":"fanout","fanout":{…}} whenever a fan-out moves, as GET /fanouts has it; {"event":"scenario","run":{…}}; {"event":"catalogue","packages":[…]}. Nothing is sent the other way. Close code 1013: too slow a reader',
  operationId: 'getEvents',
  parameters: [],
  responses: { '101': { description: 'Switching protocols' } },
}

/** Tells `socket` what happens until it closes. */
export function tellEvents(api: Pick<LabApi, 'on'>, socket: WebSocket): void {
  const tell = (fact: object): void => {
    if (socket.readyState !== socket.OPEN) return
    if (socket.bufferedAmount > MOST) return socket.close(1013, 'read faster')
    socket.send(toJson(fact))
  }
  const offs = [
    api.on('jobs', ({ changed }) => changed.forEach((job) => tell({ event: 'job', job }))),
    api.on('gateways', ({ fanouts }) => fanouts.forEach((fanout) => tell({ event: 'fanout', fanout }))),
    api.on('scenario', (run) => tell({ event: 'scenario', run })),
    api.on('catalogue', ({ packages }) => tell({ event: 'catalogue', packages })),
  ]
  socket.on('error', () => {})
  socket.on('message', () => socket.close(1003, 'nothing is taken here'))
  socket.on('close', () => offs.forEach((off) => off()))
}
