// Networks of this computer with the length of their network part, and names looked up.
import { lookup } from 'node:dns/promises'
import { networkInterfaces } from 'node:os'
import type { OwnNetwork } from '../lab/reach.ts'

/** Every address of every interface that is up. */
export function ownNetworks(): readonly OwnNetwork[] {
  return Object.entries(networkInterfaces()).flatMap(([name, rows]) =>
    (rows ?? []).map(({ address, family, internal, cidr }) => {
      const four = family === 'IPv4'
      return { name, address, family: four ? 4 : 6, internal, prefix: cidr === null ? (four ? 32 : 128) : Number(cidr.split('/')[1]) } as const
    }),
  )
}

/** Addresses of a host name; [] where it is not known. */
export async function addressesOf(host: string): Promise<readonly string[]> {
  return lookup(host, { all: true }).then(
    (found) => found.map(({ address }) => address),
    () => [],
  )
}
