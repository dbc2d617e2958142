// The security rules R1 to R8 of the scomo sheet 13 as far as the server judges them: `lab` mode lets what is weak pass and says so, `strict` refuses it. INFERRED there.
import type { Mechanism, PackageRow } from '../api.ts'
import type { SessionView } from '../server/policy.ts'
import type { Stage } from './stage.ts'
import type { JobRecord } from './types.ts'

/** Tells that a pre- or post-condition of the job was judged. */
export function condition(job: JobRecord, stage: Pick<Stage, 'happened'>, id: string, met: boolean, text: string): void {
  stage.happened(job, 'job.condition', `${id} ${met ? 'is met' : 'is not met'}: ${text}`, { id, met })
}

export function finding(job: JobRecord, id: string, text: string): void {
  if (!job.findings.some((each) => each.id === id && each.text === text)) job.findings.push({ id, text })
}

/** Why a session is too weak for software (R1); '' where it is not: HMAC on every message, or TLS below. */
export function weakness(auth: SessionView['auth'], secure: boolean): string {
  return auth === 'syncml:auth-MAC' || secure ? '' : `the session is authenticated with ${auth ?? 'nothing'} (R1)`
}

/**
 * P1 and P2 of the scomo sheet 16.6, judged for every session that takes part (P2u: for any client of the device, not only the first), and told where
 * it is another judgement than the last one. False: no command of the job is sent in this session.
 */
export function admit(job: JobRecord, view: SessionView, stage: Stage): boolean {
  const why = weakness(view.auth, stage.secure)
  const proof = `${view.auth ?? 'nothing'}${stage.secure ? ' inside TLS' : ''}`
  const admitted = why === '' || stage.security === 'lab'
  if (job.proof === proof) return admitted
  const first = job.proof === undefined
  job.proof = proof
  stage.log(job, `the device proved itself with ${proof}`)
  if (first) condition(job, stage, 'P1', true, 'the device is managed here and has proved itself')
  if (why !== '') finding(job, 'weak-auth', why)
  const weak = job.findings.map(({ id }) => id).join(', ')
  const text = admitted ? (weak === '' ? 'nothing weak was seen' : weak) : `${why}; strict mode sends no command over it`
  condition(job, stage, job.op === 'update' ? 'P2u' : 'P2', admitted, text)
  return admitted
}

/** Judges a package as it is to travel (R2, R5 to R7). Gives why it is refused; '' where it may go. */
export function weigh(job: JobRecord, stage: Stage, row: PackageRow, mechanism: Mechanism, url: string): string {
  if (stage.security === 'strict') {
    if (!row.signed) return `${row.pkgId} is not signed by a key that a trust anchor of this lab vouches for (R6): strict mode orders no such package`
    return url === '' || /^(https?|pkg):/i.test(url) ? '' : `PkgURL ${url} is of a scheme that strict mode refuses (R7)`
  }
  if (/^http:/i.test(url)) finding(job, 'plain-http', `PkgURL of ${row.pkgId} is plain http (R7)`)
  if (row.signed) return ''
  finding(job, 'unsigned-package', `${row.pkgId} is not signed (R6)`)
  finding(job, 'no-version-check', `without a signed manifest nobody judges whether ${row.pkgId} is older than what is installed (R5)`)
  if (mechanism === 'http' || mechanism === 'dm-large') finding(job, 'no-digest', `no digest of ${row.pkgId} goes along (R2)`)
  return ''
}
