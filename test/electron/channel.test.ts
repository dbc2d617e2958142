// The channel over message ports: real Node ports in both styles, and LabApi across them.
import { MessageChannel } from 'node:worker_threads'
import type { MessagePort } from 'node:worker_threads'
import { describe, expect, it } from 'vitest'
import type { EmitterPort } from '../../electron/channel.ts'
import { portChannel } from '../../electron/channel.ts'
import { PortMain } from '../support/electron-double/ports.ts'

const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 10))
const emitter = (port: MessagePort): EmitterPort => new PortMain(port) as unknown as EmitterPort
const dom = (port: MessagePort): globalThis.MessagePort =>
  ({
    postMessage: (data: unknown) => port.postMessage(data),
    start: () => port.start(),
    close: () => port.close(),
    addEventListener: (name: string, listener: (event: Event) => void) => (port as unknown as EventTarget).addEventListener(name, listener),
  }) as unknown as globalThis.MessagePort

describe.each([
  ['Electron', emitter],
  ['standard', dom],
] as const)('a channel over a port of the %s kind', (_name, wrap) => {
  it('keeps messages until somebody listens, in order, typed arrays whole', async () => {
    const { port1, port2 } = new MessageChannel()
    const a = portChannel(wrap(port1))
    const b = portChannel(wrap(port2))
    a.post({ n: 1 })
    a.post({ bytes: new Uint8Array([1, 2]), page: new Float64Array([0.5]) })
    await turn()
    const heard: unknown[] = []
    b.onMessage((message) => heard.push(message))
    await turn()
    expect(heard).toEqual([{ n: 1 }, { bytes: new Uint8Array([1, 2]), page: new Float64Array([0.5]) }])
    a.close()
  })
  it('tells both ends of the end, once, and then takes posts without harm', async () => {
    const { port1, port2 } = new MessageChannel()
    const a = portChannel(wrap(port1))
    const b = portChannel(wrap(port2))
    const ends: string[] = []
    a.onClose(() => ends.push('a'))
    b.onClose(() => ends.push('b'))
    b.onMessage(() => ends.push('message'))
    a.close()
    a.close()
    await turn()
    a.post('late')
    b.post('late')
    await turn()
    expect(ends.sort()).toEqual(['a', 'b'])
    b.onClose(() => ends.push('too late'))
    expect(ends).toContain('too late')
  })
  it('has one listener: the last one named', async () => {
    const { port1, port2 } = new MessageChannel()
    const a = portChannel(wrap(port1))
    const b = portChannel(wrap(port2))
    const heard: string[] = []
    b.onMessage(() => heard.push('first'))
    b.onMessage(() => heard.push('second'))
    a.post(1)
    await turn()
    expect(heard).toEqual(['second'])
    a.close()
  })
})
