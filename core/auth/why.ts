// Why credentials were refused: every way in which clients are known to compute them wrongly is computed, and what gives exactly the octets sent is the cause. Never tells a secret.
import { fromBase64, trim } from '../syncml/text.ts'
import type { AuthName } from './credentials.ts'
import { headerValue, MAC_HEADER, parseMacHeader, readCred } from './credentials.ts'
import type { Person } from './whyaxes.ts'
import { Search } from './whysearch.ts'
import { say } from './whyterms.ts'
import type { Cause, Explanation, Question } from './whyterms.ts'

const SHOWN: Readonly<Record<AuthName, Explanation['shown']>> = { 'syncml:auth-basic': 'basic', 'syncml:auth-md5': 'md5', 'syncml:auth-MAC': 'hmac' }
/** Explains the credentials of one message. */
export function explain(question: Question): Explanation {
  const { message, people, wanted } = question
  const header = headerValue(message.headers, MAC_HEADER)
  const cred = message.cred === undefined ? null : readCred(message.cred)
  if (header === undefined && cred === null) return nothingShown(question)
  const type = header !== undefined ? 'syncml:auth-MAC' : (cred?.type ?? null)
  const parsed = header === undefined ? null : parseMacHeader(header)
  const shown = type === null ? 'other' : SHOWN[type]
  const userName = parsed?.userName ?? message.locName
  const data = header === undefined ? trim(cred?.data ?? '') : (parsed?.mac ?? '')
  const base = { shown, userName }
  if (header !== undefined && parsed === null)
    return {
      ...base,
      verdict: 'likely',
      cause: say('hmac.fields', 'the x-syncml-hmac header lacks username or mac', 'send algorithm=MD5, username="…", mac=…'),
      tried: [],
    }
  if (data === '') return { ...base, verdict: 'found', cause: say('data.empty', 'the credential is empty', 'send what the type asks for'), tried: [] }
  const [person] = people
  if (person === undefined)
    return {
      ...base,
      verdict: 'likely',
      cause: say('account.none', 'there is no account that fits this device', 'adopt the device, or make an account for it'),
      tried: [],
    }
  const search = new Search(question, data, userName, type)
  const found = search.run()
  const tried = search.attempts()
  const unfit = person.locked === undefined ? standing(person) : say('account.locked', person.locked, 'give the account its secrets again')
  if (person.locked !== undefined && unfit !== null) return { ...base, verdict: 'likely', cause: unfit, tried }
  if (found === null) return { ...base, ...guess(question, type, cred?.typeText ?? '', data, unfit), tried }
  const causes = [...found]
  const expected = wanted !== null && type !== null && wanted !== type ? wanted : null
  if (type === null)
    causes.unshift(
      say('type.unknown', `the type ${JSON.stringify(cred?.typeText ?? '')} is not known`, 'name syncml:auth-basic, syncml:auth-md5 or use auth-MAC'),
    )
  else if (expected !== null)
    causes.unshift(
      say(
        'algorithm.other',
        `${type} was shown where ${expected} is asked for`,
        `answer the challenge with ${expected}, or let the account take ${type}`,
      ),
    )
  if (parsed !== null) causes.push(...headerCauses(parsed, message.locName, person))
  if (unfit !== null) causes.push(unfit)
  if (causes.length === 0)
    return { ...base, verdict: 'right', cause: say('right', 'the credentials are right for the account as it is now', ''), tried }
  return { ...base, verdict: 'found', cause: together(causes), tried }
}

function together(causes: readonly Cause[]): Cause {
  const join = (each: (cause: Cause) => string, by: string): string => [...new Set(causes.map(each).filter((text) => text !== ''))].join(by)
  return { id: join(({ id }) => id, ' + '), text: join(({ text }) => text, '; and '), fix: join(({ fix }) => fix, '; ') }
}

/** Why right credentials do not help; null where they do. */
function standing({ state }: Person): Cause | null {
  if (state === 'waiting') return say('account.waiting', 'nobody has decided about this device yet', 'adopt it')
  return state === 'refused' ? say('account.refused', 'the device was refused by decision', 'adopt it') : null
}

function headerCauses({ algorithm, userName }: { readonly algorithm: string; readonly userName: string }, locName: string, person: Person): Cause[] {
  const causes: Cause[] = []
  if (algorithm.toUpperCase() !== 'MD5')
    causes.push(say('hmac.algorithm', `the header names algorithm ${JSON.stringify(algorithm)}`, 'name algorithm=MD5'))
  if (locName !== '' && locName !== userName)
    causes.push(say('hmac.locname', 'the user name of the header is not that of Source/LocName', 'send the same user name in both'))
  else if (userName !== person.userName)
    causes.push(say('hmac.user', 'the header names another user than the account has', 'send the user name of the account'))
  return causes
}

/** No credentials at all: perhaps they stand where nobody looks. */
function nothingShown({ message, people, nonces }: Question): Explanation {
  const base = { shown: 'none' as const, userName: message.locName, tried: [] }
  const stray = message.headers.find(([name, value]) => name.toLowerCase() !== MAC_HEADER && /(^|[,;\s])mac\s*=/i.test(value))
  if (stray !== undefined)
    return {
      ...base,
      verdict: 'found',
      cause: say('hmac.header', `a MAC stands in the header field ${stray[0]}`, `its name is ${MAC_HEADER}, whatever the case`),
    }
  const http = headerValue(message.headers, 'authorization')
  if (http !== undefined)
    return {
      ...base,
      verdict: 'found',
      cause: say('http.authorization', 'credentials stand in the HTTP header Authorization', 'put them into Cred of the SyncHdr'),
    }
  const first = people[0] === undefined || nonces.length === 0 ? '; a first message without them is the usual way to get a challenge' : ''
  return { ...base, verdict: 'likely', cause: say('shown.none', `the message shows no credentials${first}`, 'answer the challenge of the 407') }
}

/** What is likely where nothing computed fits. */
function guess(
  { people, message, wanted, nonces }: Question,
  type: AuthName | null,
  typeText: string,
  data: string,
  unfit: Cause | null,
): Pick<Explanation, 'verdict' | 'cause'> {
  if (type === null)
    return {
      verdict: 'likely',
      cause: say(
        'type.unknown',
        `the type ${JSON.stringify(typeText)} is not known, and nothing tried gives its data`,
        'name syncml:auth-basic or syncml:auth-md5',
      ),
    }
  if (unfit !== null) return { verdict: 'likely', cause: unfit }
  const user = message.locName
  if (user !== '' && !people.some(({ userName }) => userName === user))
    return {
      verdict: 'likely',
      cause: say('user.unknown', `no account of this lab has the user name ${JSON.stringify(user)}`, 'check the user name on the device'),
    }
  if (wanted !== null && wanted !== type)
    return {
      verdict: 'likely',
      cause: say(
        'algorithm.other',
        `${type} was shown where ${wanted} is asked for, and its content fits nothing tried`,
        `answer the challenge with ${wanted}`,
      ),
    }
  if (type !== 'syncml:auth-basic' && nonces.length === 0)
    return {
      verdict: 'likely',
      cause: say(
        'nonce.none',
        'no nonce that was issued to this device is known',
        'forget the nonces on both sides: the next session begins with a challenge',
      ),
    }
  const length = fromBase64(data)?.length ?? -1
  if (type === 'syncml:auth-md5' && length !== 16)
    return {
      verdict: 'likely',
      cause: say(
        'data.length',
        `the digest is no base64 of 16 octets (it is ${length < 0 ? 'no base64' : `of ${String(length)} octets`})`,
        'send B64 of the 16 octets of MD5',
      ),
    }
  return {
    verdict: 'unknown',
    cause: say(
      'unknown',
      'nothing tried gives what the device sent: another password, or a nonce that never came from here',
      'set the password anew on both sides',
    ),
  }
}
