// The end of a transfer: digest over the whole file, the report that somebody must take, the answer (download sheet 3.2, 3.3, H11).
import { Transfer } from './transfer.ts'
import type { Head } from './judge.ts'
import { REPORTS } from './types.ts'
import type { Cause } from '../mo/cause.ts'
import type { Answer, Stored } from './types.ts'

export abstract class Ending extends Transfer {
  /** GET of what is missing now. */
  protected abstract fetch(): void
  /** Turns to the n-th object of the descriptor. */
  protected abstract turnTo(object: number): void
  /** This server cannot be used. */
  protected abstract lostServer(status: number, cause: Cause, text: string, httpStatus: number): void

  protected hash(): void {
    this.save({})
    this.state = 'digest'
    this.effect({ type: 'digest', file: this.file() })
  }

  /** H11: over the whole file, whatever was known of parts. */
  protected digest(size: number, sha256: string): void {
    const record = this.now()
    if (size !== record.received) return this.fail(954, 'mismatch', `the file has ${String(size)} bytes, ${String(record.received)} were written`)
    if (record.sha256 !== '' && record.sha256 !== sha256)
      return this.lostServer(905, 'mismatch', `the object's SHA-256 is ${sha256}, announced was ${record.sha256}`, 0)
    const stored: Stored = { file: this.file(), size, sha256, contentType: record.contentType || (this.object()?.types[0] ?? '') }
    const files = [...record.files, stored]
    const digestChecked = record.sha256 !== '' && (files.length === 1 || record.digestChecked)
    this.save({ files, digestChecked })
    this.effect({ type: 'keep', file: stored.file })
    this.effect({ type: 'progress', received: size, total: size })
    if (files.length < (record.descriptor?.objects.length ?? 1)) {
      this.turnTo(files.length)
      return this.fetch()
    }
    this.finish(900, 'ok', `${String(size)} bytes, SHA-256 ${sha256}`, 200, this.reportTo())
  }

  protected fail(status: number, cause: Cause, text: string, httpStatus = 0, notify = this.reportTo()): void {
    const record = this.now()
    this.effect({ type: 'truncate', file: this.file(), size: 0 })
    if (record.files.length > 0) this.effect({ type: 'drop', files: record.files.map(({ file }) => file) })
    this.save({ files: [], received: 0 })
    this.finish(status, cause, text, httpStatus, notify)
  }

  protected finish(status: number, cause: Cause, text: string, httpStatus: number, notify: string | null): void {
    const { files, digestChecked, descriptor } = this.now()
    const [file] = files
    const answer: Answer = {
      status,
      cause,
      httpStatus,
      text,
      ...(file === undefined ? {} : { file, files }),
      installParam: descriptor?.installParam ?? '',
      digestChecked: status === 900 && digestChecked,
      reported: notify === null,
      nextUrl: descriptor?.nextUrl ?? '',
    }
    if (notify === null) {
      this.save({ step: 'over', answer })
      return this.done(answer)
    }
    this.save({ step: 'report', answer, base: notify, reports: 0 })
    this.report()
  }

  /** The object is not usable before somebody took the report (DL-10). */
  protected report(): void {
    const { answer, base } = this.now()
    const status = answer?.status ?? 952
    this.state = 'report'
    this.http('POST', base, [['Content-Type', 'text/plain']], `${String(status)} ${REPORTS[status] ?? ''}`)
  }

  protected reported({ httpStatus }: Head): void {
    this.close()
    if (httpStatus < 200 || httpStatus > 299) return this.unreported(`the report was answered with HTTP ${String(httpStatus)}`)
    this.over(true)
  }

  protected unreported(text: string): void {
    const { reports } = this.now()
    const ms = this.settings.reportWaits[reports]
    this.save({ reports: reports + 1 })
    if (ms === undefined) {
      this.note(`${text}; given up, the download counts as unreported`)
      return this.over(false)
    }
    this.note(`${text}; tried again in ${String(ms / 1000)} s`)
    this.effect({ type: 'timer', id: 'report', ms })
  }

  protected over(reported: boolean): void {
    const { answer } = this.now()
    if (answer === null) return
    const told = { ...answer, reported }
    this.save({ step: 'over', answer: told })
    this.done(told)
  }

  protected done(answer: Answer): void {
    this.state = 'over'
    this.effect({ type: 'done', answer })
  }
}
