// What ports tell reaches its host in the order it was told, and the requests of one turn together.
import { expect, test } from 'vitest'
import type { Host } from '../../core/lab/host.ts'
import type { Refused } from '../../core/lab/ports.ts'
import { arrivals } from '../../core/node/arrivals.ts'
import type { Received } from '../../core/node/facing.ts'

const came = (link: number): Received => ({ link: { link } }) as Received
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** A host that writes down what it is told. */
function scribe(name: string, told: string[]): Host {
  const host: Pick<Host, 'receivedAll' | 'refused' | 'gone'> = {
    receivedAll: (all) => void told.push(`${name} ${all.map(({ link }) => link.link).join()}`),
    refused: ({ reason }) => void told.push(`${name} refused ${reason}`),
    gone: ({ link }, reason) => void told.push(`${name} gone ${link} ${reason}`),
  }
  return host as Host
}

function world(): { told: string[]; ports: ReturnType<typeof arrivals> } {
  const told: string[] = []
  const server = scribe('server', told)
  const gateway = scribe('gateway', told)
  return { told, ports: arrivals({ of: ({ link }) => (link.link >= 10 ? gateway : server), all: () => [server, gateway] }) }
}

test('requests of one turn go together, each to the host that owns it, in their order', async () => {
  const { told, ports } = world()
  for (const link of [1, 2, 10, 11, 3]) ports.received(came(link))
  expect(told).toEqual([])
  await turn()
  expect(told).toEqual(['server 1,2', 'gateway 10,11', 'server 3'])
  ports.received(came(4))
  await turn()
  expect(told.at(-1)).toBe('server 4')
})

test('what is told of a connection comes behind what it had sent, and never before', async () => {
  const { told, ports } = world()
  ports.received(came(1))
  ports.gone({ link: 1 }, 'the peer left')
  ports.received(came(2))
  ports.refused({ reason: 'too long' } as Refused)
  await turn()
  expect(told).toEqual(['server 1', 'server gone 1 the peer left', 'gateway gone 1 the peer left', 'server 2', 'server refused too long'])
})

test('nobody is there yet: what comes is dropped without an error', async () => {
  const ports = arrivals({ of: () => null, all: () => [null, undefined] })
  ports.received(came(1))
  ports.gone({ link: 1 }, '')
  ports.refused({ reason: '' } as Refused)
  await turn()
})

test('many requests of one turn go in portions, in their order; what is told of a connection comes behind all of them', async () => {
  const { told, ports } = world()
  const links = Array.from({ length: 60 }, (_, i) => i % 10)
  for (const link of links) ports.received(came(link))
  await turn()
  expect(told).toEqual([`server ${links.slice(0, 24).join()}`])
  ports.received(came(7))
  await turn()
  expect(told).toHaveLength(2)
  ports.gone({ link: 7 }, 'left')
  expect(told.slice(1)).toEqual([
    `server ${links.slice(24, 48).join()}`,
    `server ${links.slice(48).join()},7`,
    'server gone 7 left',
    'gateway gone 7 left',
  ])
  await turn()
  expect(told).toHaveLength(5)
})
