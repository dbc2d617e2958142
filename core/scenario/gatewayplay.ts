// A server, a gateway and the devices behind it in one sandbox: set up, one thing broken, and everybody does what the flow says when its moment has come.
import { parseAcl } from '../dmtree/acl.ts'
import type { Tree } from '../dmtree/tree.ts'
import { parsePath } from '../dmtree/uri.ts'
import { happeningOf } from '../mo/events.ts'
import type { Policy } from '../server/policy.ts'
import type { Encoding } from '../syncml/message.ts'
import { Cast, serverSide } from './gatewaycast.ts'
import type { ServerSide } from './gatewaycast.ts'
import { GATEWAY_PLACES as AT } from './gatewaysetup.ts'
import type { GatewayPlant, GatewaySetup } from './gatewaysetup.ts'
import { goodsOf, strikes } from './play.ts'
import type { Play } from './play.ts'
import { makeSandbox, PLACES } from './sandbox.ts'
import type { SandboxPorts } from './sandbox.ts'
import type { Strike } from './setup.ts'

export interface GatewayPlayOptions {
  readonly seed: number
  readonly encoding: Encoding
  readonly setup: GatewaySetup
  readonly plant: GatewayPlant | null
  readonly pace?: () => Promise<void>
  /** Rows were written. */
  readonly rows: () => void
}

/** Waits for moments in the rows, in the order they are asked for. */
interface Watched {
  readonly when: Strike
  readonly call: () => void
  from: number
}

/** Puts the parties of a set-up on the stage. */
export function playGateway(ports: SandboxPorts, options: GatewayPlayOptions): Play {
  const { setup, plant, seed, encoding, pace } = options
  const goods = new Map(setup.catalogue.map((pkg) => [pkg.pkgId, goodsOf(pkg, ports)]))
  const watched = new Set<Watched>()
  let side: (ServerSide & { readonly policy: Policy }) | null = null
  const sandbox = makeSandbox(ports, {
    seed,
    settings: { enrol: 'never' },
    hop: (device, to) => (device === AT.id || to === AT.push ? 'S-G' : 'S-D'),
    policy: (parts) => {
      side = serverSide(parts, goods, (order) => void sandbox.host.queue(order))
      return refusing(plant, side.policy)
    },
    watch: () => {
      options.rows()
      look()
    },
    ...(pace === undefined ? {} : { pace }),
  })
  if (side === null) throw new Error('the DM Server was made without what it knows of gateways')
  const cast = new Cast({ sandbox, side, encoding, setup, goods })
  const { clock, store, net } = sandbox

  function look(): void {
    for (const each of [...watched]) {
      while (each.from < store.last) {
        const detail = store.frame(++each.from)
        if (detail === undefined || !strikes(each.when, happeningOf(detail.notes))) continue
        watched.delete(each)
        each.call()
        break
      }
    }
  }
  const when = (moment: Strike | undefined, call: () => void): void => {
    if (moment === undefined) return call()
    watched.add({ when: moment, call, from: store.last })
  }
  const acts = setup.acts.filter(({ key }) => plant?.kind !== 'skip' || plant.act !== key)
  /** One deed after the other, each at its moment. */
  const act = (index: number): void => {
    const next = acts[index]
    if (next === undefined) return
    when(next.when, () => {
      clock.after(next.pause ?? 0, () => {
        act(index + 1)
        void cast.perform(next.deed)
      })
    })
  }
  const cut = ({ what, device = '' }: Extract<GatewayPlant, { kind: 'cut' }>): void => {
    const origins = { server: PLACES.server, gateway: AT.origin, relay: AT.relay, shop: PLACES.shop }
    net.cut(what === 'device' ? (cast.devices.get(device)?.who.push ?? '') : origins[what])
  }
  const treeOf = (device: string | undefined): Tree | undefined =>
    device === undefined ? cast.gateway.host.client.device.tree : cast.devices.get(device)?.client.device.tree

  function breakIt(): void {
    switch (plant?.kind) {
      case 'cut':
        return when(plant.when, () => cut(plant))
      case 'acl':
        return when(plant.when, () => {
          const node = treeOf(plant.device)?.find(parsePath(plant.uri))
          if (node == null) throw new Error(`there is no ${plant.uri}`)
          treeOf(plant.device)?.setAcl(node, parseAcl(plant.acl))
        })
      case 'config':
        return cast.gateway.host.gateway.part.setConfig(plant.leaf, plant.value)
      case 'images':
        cast.gateway.images.flaw = plant.flaw
        return
      case 'adapter': {
        const lamp = cast.lamps.get(plant.device)
        if (lamp !== undefined) lamp.flaw = plant.flaw
        return
      }
      default:
        return
    }
  }

  return {
    sandbox,
    begin: async () => {
      if (plant?.kind === 'code') cast.forgetful = plant.device
      await cast.prepare()
      if (plant?.kind === 'wrong pin') cast.wrongPin = plant.party
      breakIt()
      act(0)
    },
    end: () => {
      void cast.end()
      sandbox.close()
    },
  }
}

/** A server that does not know an alert's type. */
function refusing(plant: GatewayPlant | null, policy: Policy): Policy {
  if (plant?.kind !== 'refuse') return policy
  const own = policy.alert?.bind(policy)
  return {
    next: (view, outcomes) => policy.next(view, outcomes),
    ended: (view, end, outcomes) => policy.ended?.(view, end, outcomes),
    alert: (view, alert) =>
      alert.items.some(({ type, data }) => type.includes(plant.type) && data.includes(plant.holding ?? '')) ? 415 : own?.(view, alert),
  }
}
