// A push sent by this process itself: by UDP and HTTP from a fresh port, by SMS through a modem that is given back right after.
import type { PushSent } from '../../lab/pushes.ts'
import type { PushParts } from '../../notify/push.ts'
import { processClock } from '../clock.ts'
import { labModems } from '../modem.ts'
import { pushSender } from '../push.ts'
import { randomSource } from '../random.ts'

/** Sends to `udp://…`, `http://…` or `sms:…`. Rejects with an Error in words. */
export async function sendAlone(to: string, parts: PushParts): Promise<PushSent> {
  const clock = processClock()
  if (!to.startsWith('sms:')) return pushSender(clock).send(to, parts)
  const modems = labModems({ clock, random: randomSource(), arrived: () => 0, left: () => 0, event: () => {}, tell: () => {} })
  try {
    return await modems.send(to, parts)
  } finally {
    await modems.stop()
  }
}
