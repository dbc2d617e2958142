// What `dmlab tree` has done on a device: commands queued, walks, and what came of them. It goes to the lab that owns the workspace.
import { type Command, Option } from 'commander'
import type { Cart, CartRemark, Discovery, OrderRow, QueuedCommand } from '../../api.ts'
import { wordsOf } from '../../syncml/text.ts'
import { Failure, Progress, readInput, refuse, table, visible, write, writeJson } from './output.ts'
import { ownerOf, treePath } from './treesource.ts'
import type { Ask } from './treesource.ts'
import { workspaceOption } from './workspace.ts'

/** What every command of trees knows. */
export interface Common {
  readonly workspace: string
  readonly json?: true
}

interface Sending extends Common {
  readonly device: string
  readonly wait?: number
  readonly wake?: true
  readonly format?: string
  readonly type?: string
}

const deviceOption = (): Option => new Option('--device <id>', 'id of the device').makeOptionMandatory()
export const jsonOption = (): Option => new Option('--json', 'one JSON document')

function seconds(text: string): number {
  return /^\d+(\.\d+)?$/.test(text) ? Number(text) : refuse(`${text}: is no number of seconds`)
}

/** Adds the commands that send. */
export function sending(group: Command): void {
  const add = (name: string, text: string, value: boolean): Command => {
    const command = group.command(name).description(text).addOption(workspaceOption()).addOption(deviceOption()).addOption(jsonOption())
    command.option('--wait <seconds>', 'wait so long for what comes of it', seconds).option('--wake', 'wake the device with a notification')
    return value
      ? command.option('--format <format>', 'format of the value, such as int or b64').option('--type <mime>', 'media type of the value')
      : command
  }
  const meta = ({ format, type }: Sending): Pick<QueuedCommand, 'format' | 'type'> => ({
    ...(format === undefined ? {} : { format }),
    ...(type === undefined ? {} : { type }),
  })
  add('get <uri...>', 'queue a Get of these URIs; ?prop= and ?list= as the protocol has them', false).action((uris: string[], options: Sending) =>
    send(options, single(uris.map((locUri) => ({ kind: 'Get', locUri })))),
  )
  add('set <uri> <value>', 'queue a Replace', true).action((locUri: string, data: string, options: Sending) =>
    send(options, single([{ kind: 'Replace', locUri, data, ...meta(options) }])),
  )
  add('add <uri> [value]', 'queue an Add; without a value an interior node', true).action(
    (locUri: string, data: string | undefined, options: Sending) =>
      send(
        options,
        single([data === undefined ? { kind: 'Add', locUri, ...meta(options), format: 'node' } : { kind: 'Add', locUri, data, ...meta(options) }]),
      ),
  )
  add('delete <uri>', 'queue a Delete', false).action((locUri: string, options: Sending) => send(options, single([{ kind: 'Delete', locUri }])))
  add('exec <uri> [data]', 'queue an Exec', true).action((locUri: string, data: string | undefined, options: Sending) =>
    send(options, single([{ kind: 'Exec', locUri, ...(data === undefined ? {} : { data }), ...meta(options) }])),
  )
  add('copy <source> <target>', 'queue a Copy', false).action((source: string, locUri: string, options: Sending) =>
    send(options, single([{ kind: 'Copy', locUri, source }])),
  )
  add('send <file>', 'queue a cart, as `dmlab tree script --json` writes it; - for stdin', false).action(async (file: string, options: Sending) =>
    send(options, cartOf(file, await readInput(file))),
  )
  add('discover [root]', 'walk the tree breadth first, through as many sessions as it takes', false)
    .option('--rate <n>', 'Gets a second at the most', seconds)
    .option('--again', 'ask again what was fetched before')
    .option('--acl', 'ask every ACL too')
    .option('--cancel', 'end the walk that runs')
    .action(discover)
}

const single = (commands: readonly QueuedCommand[]): Cart => ({ mode: 'single', commands, when: 'next session' })

function cartOf(file: string, bytes: Uint8Array): Cart {
  try {
    const value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as { cart?: Cart } & Partial<Cart>
    const cart = value.cart ?? value
    if (!Array.isArray(cart.commands)) throw new Error('it has no commands')
    return { mode: cart.mode ?? 'single', commands: cart.commands, when: 'next session' }
  } catch (error) {
    return refuse(`${file}: is no cart: ${wordsOf(error)}`)
  }
}

async function send({ workspace, device, wait, wake, json }: Sending, cart: Cart): Promise<void> {
  const ask = await ownerOf(workspace)
  const wish: Cart = { ...cart, when: wake === true ? 'wake now' : 'next session' }
  // Told, and sent all the same: a lab must be able to send wrong things.
  const { remarks } = await ask<{ remarks: readonly CartRemark[] }>('POST', treePath(device, '/check'), wish)
  for (const { severity, text } of remarks) if (severity === 'error' || severity === 'warn') process.stderr.write(`dmlab: ${severity}: ${text}\n`)
  const sent = await ask<{ order: string; woken: boolean; note: string }>('POST', treePath(device, '/orders'), wish)
  if (sent.note !== '') process.stderr.write(`dmlab: ${sent.note}\n`)
  const order = wait === undefined ? await ask<OrderRow>('GET', `orders/${sent.order}`) : await outcome(ask, sent.order, wait)
  if (json === true) await writeJson(order)
  else await write(orderText(order))
  const open = order.state === 'queued' || order.state === 'sent'
  if (open && wait !== undefined) throw new Failure(1, `order ${order.id} is still ${order.state} after ${String(wait)} s: the device has not come`)
  if (order.state === 'failed' || order.state === 'unknown')
    throw new Failure(1, `order ${order.id} ${order.state === 'failed' ? 'failed' : 'has an unknown outcome'}`)
}

async function outcome(ask: Ask, id: string, wait: number): Promise<OrderRow> {
  const progress = new Progress()
  for (const end = Date.now() + wait * 1000; ; await new Promise((resolve) => setTimeout(resolve, 50))) {
    const order = await ask<OrderRow>('GET', `orders/${id}`)
    progress.show(() => `order ${id} is ${order.state}`)
    if ((order.state !== 'queued' && order.state !== 'sent') || Date.now() >= end) {
      progress.done()
      return order
    }
  }
}

function orderText({ id, state, commands }: OrderRow): string {
  if (state === 'queued' || state === 'sent') return `${id}  ${state}\n`
  return table(
    commands.map(({ kind, locUri, code, data, why }) => [String(code), kind, visible(locUri), visible(code >= 200 && code < 300 ? data : why)]),
  )
}

interface Walking extends Sending {
  readonly rate?: number
  readonly again?: true
  readonly acl?: true
  readonly cancel?: true
}

async function discover(root: string | undefined, options: Walking): Promise<void> {
  const { workspace, device, wait, json, rate, again, acl, cancel } = options
  const ask = await ownerOf(workspace)
  const path = treePath(device, '/discovery')
  const wish = {
    ...(root === undefined ? {} : { root }),
    ...(rate === undefined ? {} : { perSecond: rate }),
    ...(again === undefined ? {} : { again }),
    ...(acl === undefined ? {} : { acl }),
  }
  let walk = cancel === true ? (await ask<{ discovery: Discovery | null }>('DELETE', path)).discovery : await ask<Discovery>('POST', path, wish)
  const progress = new Progress()
  for (const end = Date.now() + (wait ?? 0) * 1000; (walk?.state === 'running' || walk?.state === 'waiting') && Date.now() < end;) {
    await new Promise((resolve) => setTimeout(resolve, 50))
    walk = (await ask<{ discovery: Discovery | null }>('GET', path)).discovery
    progress.show(() => walkText(walk))
  }
  progress.done()
  if (json === true) await writeJson({ discovery: walk })
  else await write(`${walkText(walk)}\n`)
  if (wait !== undefined && walk?.state !== 'done' && cancel !== true) throw new Failure(1, `the walk is not done after ${String(wait)} s`)
}

function walkText(walk: Discovery | null): string {
  if (walk === null) return 'there is no walk'
  return `${walk.state}: ${String(walk.asked)} asked, ${String(walk.refused)} refused, ${String(walk.left)} left${walk.current === '' ? '' : `, at ${visible(walk.current)}`}`
}
