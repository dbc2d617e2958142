// What a person may ask and change about the lab's addresses: choices and candidates of theirs are documents, each change is made durable and told.
import type { AddressCandidate, AddressesArea, AddressWish } from '../api.ts'
import { KIND, OTHERWISE } from './addresses.ts'
import type { Addresses, ByHand } from './addresses.ts'
import { baseOf } from './candidates.ts'

/** The calls about addresses. */
export function addressesArea(addresses: Addresses): AddressesArea {
  const { docs, moved, probe, interfaces } = addresses.parts
  return {
    list: async () => addresses.state(),
    choice: async (device) => addresses.choice(device),
    choose: async (device, candidate, scheme) => {
      const key = device === '' ? OTHERWISE : device
      if (candidate === '') docs.drop(KIND.choice, key)
      else docs.put(KIND.choice, key, checked(addresses, candidate, scheme))
      moved()
      return addresses.choice(device)
    },
    add: async ({ name, ...bases }) => {
      const plain = Object.fromEntries(Object.entries(bases).map(([scheme, base]) => [scheme, baseOf(base)]))
      docs.put(KIND.hand, name, { name, ...plain } satisfies AddressWish)
      moved()
      return addresses.state()
    },
    remove: async (candidate) => {
      const name = candidate.replace(/^hand\//, '')
      if (!candidate.startsWith('hand/') || docs.get(KIND.hand, name) === undefined) throw new Error(`${candidate} was not entered by hand`)
      docs.drop(KIND.hand, name)
      for (const { id, value } of docs.all(KIND.choice)) if ((value as ByHand).candidate === candidate) docs.drop(KIND.choice, id)
      moved()
      return addresses.state()
    },
    test: async (id) => {
      const { http, https } = found(addresses, id)
      const urls = [http, https].filter((url) => url !== '')
      return Promise.all(urls.map(async (url) => ({ candidate: id, url, ...(await probe(url)) })))
    },
    multicast: async (name) => {
      if (name === '') docs.drop(KIND.multicast, 'interface')
      else if (interfaces().some((own) => own.name === name && own.family === 4)) docs.put(KIND.multicast, 'interface', name)
      else throw new Error(`there is no interface ${name} with an IPv4 address`)
      moved()
      return addresses.state()
    },
  }
}

function found(addresses: Addresses, id: string): AddressCandidate {
  const candidate = addresses.candidates().find((one) => one.id === id)
  if (candidate === undefined) throw new Error(`there is no address ${id}`)
  return candidate
}

function checked(addresses: Addresses, id: string, scheme: 'http' | 'https' | undefined): ByHand {
  const candidate = found(addresses, id)
  if (candidate.http === '' && candidate.https === '') throw new Error(`the lab does not listen at ${id}`)
  if (scheme !== undefined && candidate[scheme] === '') throw new Error(`the lab does not answer by ${scheme} at ${id}`)
  return { candidate: id, ...(scheme === undefined ? {} : { scheme }) }
}
