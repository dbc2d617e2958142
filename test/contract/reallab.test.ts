// The same LabApi stories on the real lab in this process, and on it over its WebSocket.
import { describe } from 'vitest'
import { WebSocket } from 'ws'
import { connect } from '../../core/rpc.ts'
import { overSocket } from '../../core/node/channel.ts'
import { hasSqlite } from '../support/needs.ts'
import { realLab } from '../support/reallab.ts'
import { labContract } from './suite.ts'

describe.skipIf(!hasSqlite)('the real lab (needs node:sqlite: Node 22.13 or newer, npm ci installs it)', () => {
  labContract('real, in this process', async () => realLab())

  labContract('real, over its WebSocket', async () => {
    const lab = await realLab({ uiPort: 0 })
    const url = new URL(lab.ready.ui ?? '')
    const socket = new WebSocket(`ws://${url.host}/ws?token=${url.searchParams.get('token') ?? ''}`, { origin: url.origin })
    await new Promise((resolve, reject) => {
      socket.once('open', resolve)
      socket.once('error', reject)
    })
    return {
      api: connect(overSocket(socket)),
      end: async () => {
        socket.close()
        await lab.end()
      },
    }
  })
})
