// A page as small as can be that does what the real one does with the shell: asks for a port, calls the lab, asks again when the port closes.
import type { LabApi } from '../../../../core/api.ts'
import { connect } from '../../../../core/rpc.ts'
import { portChannel } from '../../../../electron/channel.ts'
import type { Desktop } from '../../../../electron/preload.ts'

declare global {
  interface Window {
    lab: LabApi | null
    connections: number
    statuses: string[]
    commands: string[]
    violations: string[]
  }
}

/** What the preload gives. The window types it for itself, so it is not told to the whole program here. */
const { desktop } = window as unknown as { readonly desktop: Desktop }

window.lab = null
window.connections = 0
window.statuses = []
window.commands = []
window.violations = []
document.addEventListener('securitypolicyviolation', (event) => window.violations.push(`${event.effectiveDirective} ${event.blockedURI}`))
window.addEventListener('message', (event) => {
  const [port] = event.ports
  if (event.origin !== location.origin || (event.data as { type?: string }).type !== 'dm-lab-port' || port === undefined) return
  const channel = portChannel(port)
  const lab = connect(channel)
  channel.onClose(() => {
    window.lab = null
    void desktop.requestPort()
  })
  void lab.lab.state().then((state) => {
    window.lab = lab
    window.connections += 1
    const title = document.querySelector('h1')
    if (title !== null) title.textContent = `${state.name} ${String(state.startedAt)} ${state.recovery}`
  })
})
desktop.onLab((status) => window.statuses.push(status.state))
desktop.onCommand((command) => window.commands.push(command))
void desktop.requestPort()
