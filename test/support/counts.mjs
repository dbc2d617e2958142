// A vitest reporter that writes what really ran: counts, the files in which something failed, the names of what was skipped and why.
import { writeFileSync } from 'node:fs'

export default class Counts {
  onTestRunEnd(modules, unhandled) {
    const result = { passed: 0, failed: 0, skipped: [], broken: [], files: {} }
    for (const module of modules) {
      const tests = [...module.children.allTests()]
      const failed = tests.filter((test) => test.result().state === 'failed').map((test) => test.fullName)
      const lost = module.state() === 'failed' && failed.length === 0
      if (lost) result.broken.push(module.relativeModuleId)
      const passed = tests.filter((test) => test.result().state === 'passed').length
      result.passed += passed
      result.failed += failed.length + (lost ? 1 : 0)
      for (const test of tests) {
        const { state, note } = test.result()
        if (state !== 'passed' && state !== 'failed') result.skipped.push(`${test.fullName}${note ? ` - ${note}` : ''}`)
      }
      if (module.state() === 'failed') result.files[module.relativeModuleId] = { passed, failed: failed.length + (lost ? 1 : 0), names: failed }
    }
    for (const error of unhandled) {
      result.failed += 1
      result.broken.push(String(error.message ?? error).split('\n')[0])
    }
    result.unhandled = unhandled.length
    writeFileSync(process.env.DM_LAB_COUNTS, JSON.stringify(result))
  }
}
