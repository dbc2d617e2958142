// The lab as one process sees it: opened in order, or not at all; closed so that nothing is lost.
import { openHouse } from './house.ts'
import type { House } from './house.ts'
import type { LabOptions, Ready, RunningLab } from './laboptions.ts'
import { flushing } from './labparts.ts'
import { wholeLab } from './labwhole.ts'
import type { LabWhole } from './labwhole.ts'
import { openLab } from './opening.ts'

export type { LabOptions, Ready, RunningLab } from './laboptions.ts'

/** Starts a lab; rejects with one clear Error (port taken, workspace locked or unreadable). */
export async function startLab(options: LabOptions): Promise<RunningLab> {
  const house = await openHouse(options)
  const whole = wholeLab(house)
  let flusher: { stop(): void } | null = null
  const stop = async (): Promise<void> => {
    await closeParts(house, whole)
    flusher?.stop()
    // What happened last has its row before the trace is closed.
    house.recorder.settle()
    await house.workspace.close()
  }
  await openLab(house, whole).catch(async (error: unknown) => {
    await stop()
    throw error
  })
  const { lab, workspace } = house
  flusher = flushing(workspace.trace, (why) => {
    house.trouble = why
    lab.changed()
  })
  const ready = readyOf(house)
  if (ready.api !== null) workspace.announce(ready.api)
  house.commit()
  whole.jobs.start()
  whole.behind.start()
  whole.peers.start()
  return { api: lab, ready, skipped: (rows) => lab.skipped(rows), stop }
}

/** Stops whatever runs and closes what is open; also where the lab came only half way. */
async function closeParts(house: House, { peers, ways, scenarios, jobs, behind, devices, notifier, field, boards }: LabWhole): Promise<void> {
  peers.stop()
  await ways.wireless.stop()
  await scenarios.stop()
  jobs.stop()
  behind.stop()
  await devices.stop()
  notifier.stop()
  await ways.connect.stop()
  await field.stop()
  await house.gateway?.stop()
  await house.doors.close()
  house.host?.stop()
  house.witness.stop()
  boards.stop()
  house.lab.stop()
  ways.trust.stop()
  await house.window?.close()
}

function readyOf({ base, doors, gateway, window }: House): Ready {
  return {
    dm: `${base}/dm`,
    dms: doors.dms === null ? null : `${doors.dms.url}/dm`,
    gateway: gateway?.url ?? null,
    lwm2m: gateway?.lwm2m ?? null,
    download: `${base}/dl/`,
    push: doors.push?.url ?? null,
    ui: window?.url ?? null,
    api: window === null ? null : new URL('/api/v1/', window.url).href,
    pid: process.pid,
  }
}
