// Routes of area `gateways`: relations, fan-outs and images. The same words as LabApi.
import { z } from 'zod'
import type { FanoutWish, ImageWish } from '../api.ts'
import type { Route } from './route.ts'
import { string, word } from './route.ts'
import { deviceIds, expirySeconds, fanoutWish, imageWish } from './validategateways.ts'

const retry = z.strictObject({ devices: deviceIds })
const expiry = z.strictObject({ gateway: z.string().min(1), seconds: expirySeconds })
const GATEWAY = { gateway: string('DevId of the gateway') }
const ID = { id: string('Id of the fan-out') }

export const GATEWAY_ROUTES: readonly Route[] = [
  { method: 'GET', path: '/gateways', text: 'Gateways', respond: async (api) => ({ gateways: await api.gateways.list() }) },
  {
    method: 'POST',
    path: '/gateways/pairings/{device}',
    text: 'The gateway of this lab expects a device: tells its pairing code, once',
    parameters: { device: string('Id of the device') },
    respond: (api, call) => api.gateways.pair(word(call, 'device')),
  },
  {
    method: 'GET',
    path: '/relations',
    text: 'Devices behind gateways, as the server knows them',
    respond: async (api) => ({ relations: await api.gateways.relations() }),
  },
  { method: 'GET', path: '/fanouts', text: 'Fan-outs, newest first', respond: async (api) => ({ fanouts: await api.gateways.fanouts() }) },
  {
    method: 'POST',
    path: '/fanouts',
    text: 'Fans commands out to devices behind a gateway',
    body: fanoutWish,
    respond: (api, call) => api.gateways.fanout(call.body as FanoutWish),
  },
  {
    method: 'DELETE',
    path: '/fanouts/{id}',
    text: 'Cancels a fan-out',
    parameters: ID,
    respond: (api, call) => api.gateways.cancel(word(call, 'id')),
  },
  {
    method: 'POST',
    path: '/fanouts/{id}/retry',
    text: 'The same commands again, for some of its devices',
    parameters: ID,
    body: retry,
    respond: (api, call) => api.gateways.retry(word(call, 'id'), (call.body as z.infer<typeof retry>).devices),
  },
  {
    method: 'GET',
    path: '/fanouts/{id}',
    text: 'A fan-out as device by command',
    parameters: ID,
    respond: (api, call) => api.gateways.matrix(word(call, 'id')),
  },
  {
    method: 'GET',
    path: '/gateways/inside',
    text: 'What the gateway of this process knows: records, jobs, images',
    respond: async (api) => ({ inside: await api.gateways.inside() }),
  },
  {
    method: 'GET',
    path: '/gateways/{gateway}/inventory',
    text: 'Devices of a gateway as server, gateway and reality have them, with the proofs of their modes',
    parameters: GATEWAY,
    respond: (api, call) => api.gateways.inventory(word(call, 'gateway')),
  },
  {
    method: 'GET',
    path: '/gateways/{gateway}/bootstraps',
    text: 'How its devices were bootstrapped (M.1 to M.4)',
    parameters: GATEWAY,
    respond: async (api, call) => ({ stories: await api.gateways.stories(word(call, 'gateway')) }),
  },
  {
    method: 'GET',
    path: '/images/cards',
    text: 'Images with digest and who fetched them',
    respond: async (api) => ({ images: await api.gateways.cards() }),
  },
  { method: 'GET', path: '/images', text: 'Images at gateways', respond: async (api) => ({ images: await api.gateways.images() }) },
  {
    method: 'POST',
    path: '/images',
    text: 'Delivers an image to a gateway, or has it fetch one',
    body: imageWish,
    respond: (api, call) => api.gateways.image(call.body as ImageWish),
  },
  {
    method: 'PUT',
    path: '/images/{image}/expiry',
    text: 'Writes a new Expiry, seconds from now; 0 voids the image',
    parameters: { image: string('ImageID') },
    body: expiry,
    respond: (api, call) => {
      const { gateway, seconds } = call.body as z.infer<typeof expiry>
      return api.gateways.expire(gateway, word(call, 'image'), seconds)
    },
  },
]
