// A vitest reporter that writes what really ran: counts, the names of what was skipped and why, files that broke.
import { writeFileSync } from 'node:fs'

export default class Counts {
  onTestRunEnd(modules, unhandled) {
    const result = { passed: 0, failed: 0, skipped: [], broken: [] }
    for (const module of modules) {
      if (module.state() === 'failed' && [...module.children.allTests()].every((test) => test.result().state !== 'failed')) {
        result.failed += 1
        result.broken.push(module.relativeModuleId)
      }
      for (const test of module.children.allTests()) {
        const { state, note } = test.result()
        if (state === 'passed') result.passed += 1
        else if (state === 'failed') result.failed += 1
        else result.skipped.push(`${test.fullName}${note ? ` - ${note}` : ''}`)
      }
    }
    for (const error of unhandled) {
      result.failed += 1
      result.broken.push(String(error.message ?? error).split('\n')[0])
    }
    writeFileSync(process.env.DM_LAB_COUNTS, JSON.stringify(result))
  }
}
