// Real servers' messages played to a simulated device: every command gets its statuses, and every answer can be written in both encodings.
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { agreeable } from '../../core/device/interaction.ts'
import { decode, encode } from '../../core/syncml/codec.ts'
import type { Command, Message, Request } from '../../core/syncml/message.ts'
import { answer, device, results } from './support.ts'
import { shared } from '../support/shared.ts'

const folder = shared('corpus/captured-sessions')
const files =
  folder === null
    ? []
    : readdirSync(folder, { recursive: true, encoding: 'utf8' })
        .filter((name) => /server(\.source)?\.(xml|wbxml)$/.test(name))
        .sort()

function isRequest(command: Command): command is Request {
  return command.kind !== 'Status' && command.kind !== 'Results'
}

describe.skipIf(folder === null)('captured server messages on a fresh device', () => {
  it('there are some', () => {
    expect(files.length).toBeGreaterThan(50)
  })

  const kinds = new Map<string, number>()
  for (const file of files) {
    it(file, () => {
      const encoding = file.endsWith('.wbxml') ? 'wbxml' : 'xml'
      let message: Message
      try {
        message = decode(new Uint8Array(readFileSync(join(folder ?? '', file))), encoding).message
      } catch (error) {
        // Some captures are malformed on purpose; what matters then is the codec's, not the device's.
        expect(error).toHaveProperty('offset')
        return
      }
      const { performer } = device({ user: agreeable })
      for (const command of message.commands.filter(isRequest)) {
        const outcome = performer.perform(command, { serverId: 'dm-lab' })
        kinds.set(command.kind, (kinds.get(command.kind) ?? 0) + 1)
        const all = [outcome, ...(outcome.children ?? [])].flatMap((each) => each.statuses)
        expect(all.length).toBeGreaterThan(0)
        for (const part of all) expect([200, 202, 215, 216, 400, 403, 404, 405, 406, 412, 415, 418, 425, 500, 507]).toContain(part.code)
        const reply = answer(
          results(outcome),
          all.flatMap((part) => part.items ?? []),
        )
        for (const wire of ['xml', 'wbxml'] as const) {
          const back = decode(encode(reply, { encoding: wire }), wire).message
          expect(back.commands.find((each) => each.kind === 'Results')?.items.map((item) => item.data)).toEqual(
            reply.commands.find((each) => each.kind === 'Results')?.items.map((item) => item.data),
          )
        }
      }
    })
  }

  it('all kinds of commands were among them', () => {
    expect([...kinds.keys()].sort()).toEqual(expect.arrayContaining(['Add', 'Alert', 'Copy', 'Delete', 'Exec', 'Get', 'Replace', 'Sequence']))
  })
})
