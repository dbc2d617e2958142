// A server for the bench in its own process: our lab, our lab without recording, or a bare node:http echo. `cpu` is answered with the µs of CPU that its main thread has used; `stop`
// ends it. Octets of descriptor 4 are devices that are to get an order each: they go back when their orders are kept.
import { createServer } from 'node:http'
import { Socket } from 'node:net'
import type { AddressInfo } from 'node:net'

const [, , kind, workspace = ''] = process.argv

const cpu = (): number => {
  const { user, system } = process.threadCpuUsage()
  return user + system
}

if (kind === 'echo') {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const bytes = Buffer.concat(chunks)
      response.writeHead(200, { 'Content-Type': request.headers['content-type'] ?? '', 'Content-Length': bytes.length })
      response.end(bytes)
    })
  })
  server.listen(0, '127.0.0.1', () => process.send?.(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`))
  process.on('message', (message) => (message === 'cpu' ? process.send?.(cpu()) : process.exit(0)))
} else {
  const { startLab } = await import('../../core/node/main.ts')
  const { deviceOf, session } = await import('../support/reallab.ts')
  const { deviceName, WISH } = await import('./talk.ts')
  const lab = await startLab({ workspace, host: '127.0.0.1', dmPort: 0, uiPort: null, record: kind === 'lab', socketThread: true })
  // Every device is known before the load begins: its first session reads ./DevDetail, later ones have nothing to ask.
  for (let device = 0; device < 50; device += 1) await session(deviceOf(lab, { id: deviceName(device) }))
  process.send?.(lab.ready.dm)
  process.on('message', (message) => {
    if (message === 'stop') void lab.stop().then(() => process.exit(0))
    else process.send?.(cpu())
  })
  const orders = new Socket({ fd: 4 })
  orders.on('data', (devices) => {
    void Promise.all(Array.from(devices, (device) => lab.api.devices.queue(deviceName(device), WISH))).then(() => orders.write(devices))
  })
}
