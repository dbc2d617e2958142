// Routes of area `peers`: labs whose traces join this one. The same words as LabApi.
import { z } from 'zod'
import type { PeerWish } from '../api.ts'
import type { Route } from './route.ts'
import { string, word } from './route.ts'
import { peerWish } from './validatepeers.ts'

const ID = { id: string('Id of the attached lab') }
const holding = z.strictObject({ on: z.boolean() })

export const PEER_ROUTES: readonly Route[] = [
  { method: 'GET', path: '/clock', text: "This lab's clock, ms since 1970", respond: (api) => api.peers.clock() },
  { method: 'GET', path: '/peers', text: 'Labs attached to this one', respond: async (api) => ({ peers: await api.peers.list() }) },
  {
    method: 'POST',
    path: '/peers',
    text: 'Attaches a lab: its rows and held messages join those of this one',
    body: peerWish,
    respond: (api, call) => api.peers.attach(call.body as PeerWish),
  },
  {
    method: 'DELETE',
    path: '/peers/{id}',
    text: 'Detaches a lab; its rows stay',
    parameters: ID,
    respond: (api, call) => api.peers.detach(word(call, 'id')),
  },
  {
    method: 'PUT',
    path: '/peers/{id}/hold',
    text: 'Breakpoints of an attached lab: every message is held there, or none',
    parameters: ID,
    body: holding,
    respond: (api, call) => api.peers.hold(word(call, 'id'), (call.body as z.infer<typeof holding>).on),
  },
]
