// A device and short ways to command it, for the tests of the performer.
import type { DeviceOptions } from '../../core/device/profile.ts'
import { makeDevice } from '../../core/device/profile.ts'
import type { DevicePerformer } from '../../core/device/performer.ts'
import type { Outcome } from '../../core/session/ports.ts'
import type { Data, Item, ItemCommand, Message, Meta, Request } from '../../core/syncml/message.ts'

export const SERVER = 'dm-lab'
export const OTHER = 'somebody-else'

export function device(options: Partial<DeviceOptions> = {}): ReturnType<typeof makeDevice> {
  return makeDevice({ id: 'IMEI:490154203237518', serverUri: 'http://127.0.0.1:8080/dm', ...options })
}

export function command(kind: ItemCommand['kind'], locUri: string, data?: Data, meta?: Meta, source?: string): ItemCommand {
  const item: Item = {
    target: { locUri },
    ...(source === undefined ? {} : { source: { locUri: source } }),
    ...(meta === undefined ? {} : { meta }),
    ...(data === undefined ? {} : { data }),
  }
  return { kind, cmdId: '1', items: [item] }
}

export function group(kind: 'Atomic' | 'Sequence', ...commands: Request[]): Request {
  return { kind, cmdId: '1', commands }
}

export function exec(locUri: string, data?: string, correlator?: string): Request {
  return {
    kind: 'Exec',
    cmdId: '1',
    items: [{ target: { locUri }, ...(data === undefined ? {} : { data }) }],
    ...(correlator === undefined ? {} : { correlator }),
  }
}

export function run(performer: DevicePerformer, request: Request, serverId = SERVER): Outcome {
  return performer.perform(request, { serverId })
}

/** Codes of an outcome: its own, then in brackets those of its children. */
export function codes(outcome: Outcome): string {
  const own = outcome.statuses.map((part) => part.code).join(',')
  return outcome.children === undefined ? own : `${own} [${outcome.children.map(codes).join(' ')}]`
}

/** Status codes of one command by one server. */
export function code(performer: DevicePerformer, request: Request, serverId = SERVER): string {
  return codes(run(performer, request, serverId))
}

/** Text of the first result of a Get; the status code in words where there is none. */
export function read(performer: DevicePerformer, locUri: string, serverId = SERVER): string {
  const outcome = run(performer, command('Get', locUri), serverId)
  const data = outcome.results?.[0]?.data
  return typeof data === 'string' ? data : `status ${codes(outcome)}`
}

/** All Results Items of an outcome and its children. */
export function results(outcome: Outcome): Item[] {
  return [...(outcome.results ?? []), ...(outcome.children ?? []).flatMap(results)]
}

/** A client's message that carries these Items as Results and as Status Items. */
export function answer(items: readonly Item[], statuses: readonly Item[]): Message {
  return {
    header: { verDtd: '1.2', verProto: 'DM/1.2', sessionId: '1', msgId: '1', target: { locUri: 'server' }, source: { locUri: 'device' } },
    commands: [
      { kind: 'Status', cmdId: '1', msgRef: '1', cmdRef: '1', cmd: 'Get', targetRefs: [], sourceRefs: [], code: 200, data: '200', items: statuses },
      ...(items.length === 0 ? [] : [{ kind: 'Results' as const, cmdId: '2', msgRef: '1', cmdRef: '1', items }]),
    ],
    final: true,
  }
}
