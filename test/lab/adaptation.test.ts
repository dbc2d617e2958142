// Adaptation mode between a DM Server and an Android device, in memory: order of commands, a device that is away, and what a restart of the gateway makes of what it had begun.
import { describe, expect, it } from 'vitest'
import type { Adapter } from '../../core/adapters/port.ts'
import { OUR_ROOTS, fanoutCommand, fanoutNodes, fanoutStart } from '../../core/gateway/orders.ts'
import { Adaptation } from '../../core/lab/adaptation.ts'
import { memoryDocs } from '../../core/store/docs.ts'
import type { Docs } from '../../core/store/docs.ts'
import { ANDROID_ID, android } from '../adapters/android.ts'
import { World } from '../gateway/world.ts'

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))

/** A gateway with one adapter. */
class Stage {
  readonly world = new World()
  readonly docs: Docs = memoryDocs()
  readonly happened: string[] = []
  readonly acts: string[] = []
  fetches: (url: string) => Promise<Uint8Array> = async () => Buffer.from('package=com.app version=1')
  adaptation!: Adaptation

  start(adapter: Adapter): void {
    const { world } = this
    const settle = (): void => {
      world.settle()
      for (const { localId } of world.adapted.splice(0)) {
        const record = world.gateway.devices.byLocalId(localId)
        if (record !== undefined) this.adaptation.wanted(record)
      }
    }
    this.adaptation = new Adaptation({
      gateway: world.gateway,
      adapters: [adapter],
      clock: { now: () => world.now, mono: () => 0, soon: (call) => void setImmediate(call), after: () => () => {} },
      docs: this.docs,
      settle,
      happened: (text) => void this.happened.push(text),
      acted: (_device, text) => void this.acts.push(text),
      fetch: (url) => this.fetches(url),
    })
    this.adaptation.start()
    settle()
  }

  /** The process dies, and comes back with what was kept. */
  restart(adapter: Adapter): void {
    this.adaptation.stop()
    this.world.restart()
    this.start(adapter)
  }

  /** Lays a job down and starts it. */
  job(name: string, commands: Parameters<typeof fanoutCommand>[0]): void {
    const order = {
      name,
      devices: [ANDROID_ID],
      groups: [],
      all: false,
      mode: null,
      filter: '',
      imageRef: '',
      timeout: 60,
      interval: null,
      returnFormat: 3,
    } as const
    const nodes = fanoutNodes(OUR_ROOTS, { ...order, command: fanoutCommand(commands) })
    this.world.reports()
    this.world.order([...nodes, fanoutStart(OUR_ROOTS, name, `c.${name}`)])
    this.world.report()
    for (const { localId } of this.world.adapted.splice(0)) {
      const record = this.world.gateway.devices.byLocalId(localId)
      if (record !== undefined) this.adaptation.wanted(record)
    }
  }

  codes(name: string): (number | null)[] {
    return this.world.gateway.fanouts.job(name)?.responses[0]?.commands.map(({ code, late }) => late ?? code) ?? []
  }
  async until(good: () => boolean): Promise<void> {
    for (let i = 0; !good(); i += 1) {
      if (i > 500) throw new Error(`still not so: ${JSON.stringify([this.happened, this.acts, this.world.gateway.fanouts.jobs()])}`)
      await turn()
    }
  }
}

const INSTALL = [
  { kind: 'Add', locUri: './SCOMO/Download/app', format: 'node' },
  { kind: 'Add', locUri: './SCOMO/Download/app/PkgURL', data: 'http://x/app' },
  { kind: 'Exec', locUri: './SCOMO/Download/app/Operations/DownloadInstall' },
] as const

describe('a fan-out on an Android device', () => {
  it('runs in order, and its late end comes as the alert of the device', async () => {
    const stage = new Stage()
    const phone = android()
    stage.start(phone.adapter)
    expect(stage.world.gateway.devices.recordOf(ANDROID_ID)).toMatchObject({ mode: 2, protocol: 'adb', state: 30 })
    stage.job('j1', INSTALL)
    await stage.until(() => stage.codes('j1')[2] === 1200)
    expect(stage.codes('j1')).toEqual([200, 200, 1200])
    expect(phone.pm.log).toEqual(['installed com.app 1'])
    expect(stage.acts.filter((text) => / for /.test(text)).map((text) => text.split(' ').slice(0, 2).join(' '))).toEqual(
      INSTALL.map(({ kind, locUri }) => `${kind} ${locUri}`),
    )
    expect(stage.docs.all('gateway.operation')).toEqual([])
  })

  it('a device that is away is waited for, and worked on when it is found', async () => {
    const stage = new Stage()
    const phone = android()
    const [here] = phone.seen
    if (here === undefined) throw new Error('there is no phone')
    stage.start(phone.adapter)
    stage.world.reports()
    // It leaves in the same breath in which the job comes.
    stage.job('j1', [{ kind: 'Get', locUri: './DevInfo/Mod' }])
    phone.seen.length = 0
    phone.moved()
    expect(stage.world.gateway.devices.recordOf(ANDROID_ID)?.state).toBe(40)
    for (let i = 0; i < 20; i += 1) await turn()
    expect([phone.shells, stage.codes('j1')]).toEqual([[], [null]])
    phone.seen.push(here)
    phone.moved()
    await stage.until(() => stage.world.gateway.fanouts.job('j1')?.state !== 20)
    expect(stage.codes('j1')).toEqual([200])
  })
})

describe('the gateway ends in the middle', () => {
  it('while it fetches: fetched anew and installed once', async () => {
    const stage = new Stage()
    const phone = android()
    stage.start(phone.adapter)
    stage.fetches = () => new Promise(() => {})
    stage.job('j1', INSTALL)
    await stage.until(() => stage.codes('j1')[2] === 202)
    stage.fetches = async () => Buffer.from('package=com.app version=2')
    stage.restart(phone.adapter)
    await stage.until(() => stage.codes('j1')[2] === 1200)
    expect(phone.pm.log).toEqual(['installed com.app 2'])
  })

  it('while the package manager works: nobody can tell, so nothing is done again (1412)', async () => {
    const stage = new Stage()
    const phone = android()
    phone.pm.takes = 20
    stage.start(phone.adapter)
    stage.job('j1', INSTALL)
    await stage.until(() => phone.shells.some((text) => text.startsWith('pm install')))
    stage.restart(phone.adapter)
    await stage.until(() => stage.codes('j1')[2] === 1412)
    await new Promise((resolve) => setTimeout(resolve, 60))
    expect(phone.shells.filter((text) => text.startsWith('pm install'))).toHaveLength(1)
    expect(stage.happened.some((text) => text.includes('nothing tells what became of it'))).toBe(true)
  })

  it('before the Status of a short operation was kept: the state is read; done is done, and what was not is done', async () => {
    for (const done of [true, false]) {
      const stage = new Stage()
      const phone = android()
      phone.pm.apps.set('com.app', { version: 1, enabled: true })
      stage.start(phone.adapter)
      const { exec } = phone.adapter
      // The answer never comes back to the gateway that asked.
      phone.adapter.exec = async (...words) => {
        if (done) await exec.apply(phone.adapter, words)
        return new Promise(() => {})
      }
      stage.job('j1', [{ kind: 'Exec', locUri: './SCOMO/Inventory/Deployed/com.app/Operations/Deactivate' }])
      await stage.until(() => stage.acts.some((text) => text.startsWith('Exec')))
      for (let i = 0; i < 20; i += 1) await turn()
      phone.adapter.exec = (...words) => exec.apply(phone.adapter, words)
      stage.restart(phone.adapter)
      await stage.until(() => stage.world.gateway.fanouts.job('j1')?.state !== 20)
      expect(stage.codes('j1')).toEqual([done ? 200 : 1200])
      expect(phone.pm.log).toEqual(['disabled com.app'])
    }
  })
})
