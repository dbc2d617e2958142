// Routes of areas `software` and `scenarios`: the same words as LabApi.
import { z } from 'zod'
import type { RunWish, SoftwareRequest } from '../api.ts'
import type { Route } from './route.ts'
import { int, number, string, word } from './route.ts'
import { reportFormat, runNumbers, runWish, softwareRequest } from './validatejobs.ts'

const DEVICE = { device: string('Id of the device') }
const report = z.strictObject({ runs: runNumbers, format: reportFormat })

export const SCENARIO_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/devices/{device}/software',
    text: 'Packages and components of a device with their moves, and its own log',
    parameters: DEVICE,
    respond: (api, call) => api.software.board(word(call, 'device')),
  },
  {
    method: 'POST',
    path: '/devices/{device}/software/requests',
    text: 'A simulated device opens a session and asks for software',
    parameters: DEVICE,
    body: softwareRequest,
    respond: (api, call) => api.software.request(word(call, 'device'), call.body as SoftwareRequest),
  },
  {
    method: 'POST',
    path: '/devices/{device}/restart',
    text: 'Switches a simulated device off and on again',
    parameters: DEVICE,
    respond: (api, call) => api.software.restart(word(call, 'device')),
  },
  { method: 'GET', path: '/scenarios', text: "The documents' flows", respond: async (api) => ({ scenarios: await api.scenarios.list() }) },
  { method: 'GET', path: '/scenarios/runs', text: 'Runs, newest first', respond: async (api) => ({ runs: await api.scenarios.runs() }) },
  {
    method: 'POST',
    path: '/scenarios/runs',
    text: 'Starts a run of a scenario',
    body: runWish,
    respond: (api, call) => api.scenarios.run(call.body as RunWish),
  },
  {
    method: 'DELETE',
    path: '/scenarios/runs/{run}',
    text: 'Cancels a run',
    parameters: { run: int('Number of the run') },
    respond: (api, call) => api.scenarios.cancel(number(call, 'run')),
  },
  {
    method: 'POST',
    path: '/scenarios/reports',
    text: 'A report of runs as HTML or JUnit; its bytes in base64',
    body: report,
    respond: (api, call) => {
      const { runs, format } = call.body as z.infer<typeof report>
      return api.scenarios.report(runs, format)
    },
  },
]
