// The search for what was done wrong: recipes, people, nonces and bodies are combined until one gives exactly the octets sent; never three mistakes at once.
import { headerValue } from './credentials.ts'
import type { AuthName } from './credentials.ts'
import { bodiesAxis, noncesAxis, peopleAxis } from './whyaxes.ts'
import type { Axis, Way } from './whyaxes.ts'
import { byHash, FORMS, formsOf, keyOf } from './whyforms.ts'
import { BASIC, recipes } from './whyrecipes.ts'
import type { Recipe } from './whyrecipes.ts'
import { say } from './whyterms.ts'
import type { Attempt, Cause, Question } from './whyterms.ts'

const EMPTY = new Uint8Array()

/** Whether a way is a mistake. */
const cost = ({ id }: Way): number => (id === '' ? 0 : 1)

/** One search: singles first, then two mistakes at once; never three. */
export class Search {
  readonly #targets: ReadonlyMap<string, string>
  readonly #axes: readonly Axis[]
  readonly #recipes: readonly Recipe[]
  readonly #counts = new Map<string, { text: string; variants: number; fits: boolean }>()
  readonly #skipped: Attempt[] = []
  #budget = 60_000

  constructor({ message, people, nonces, bodies, hashes, at }: Question, data: string, userName: string, type: AuthName | null) {
    this.#targets = formsOf(data)
    const mac = type === 'syncml:auth-MAC'
    this.#axes = [
      peopleAxis(people, [userName, message.locName, message.locUri]),
      noncesAxis(nonces, at, headerValue(message.headers, 'date')),
      bodiesAxis(message.body, mac ? bodies : []),
    ]
    const digests = byHash(hashes).flatMap(({ name, hash }) => recipes(hash, name))
    const all = type === 'syncml:auth-basic' ? [...BASIC, ...digests] : [...digests, ...BASIC]
    const right = `algorithm.${type === 'syncml:auth-basic' ? 'basic' : mac ? 'mac' : 'md5'}`
    this.#recipes = [...all.filter(({ id }) => id === right), ...all.filter(({ id }) => id !== right)]
    if (right !== 'algorithm.basic' && nonces.filter(({ role }) => role !== 'expected').length === 0)
      this.#skipped.push({ id: 'nonce.stale', text: 'the digest rests on an earlier nonce', result: 'not tried', variants: 0 })
    if (people.length < 2) this.#skipped.push({ id: 'password.other', text: 'the password of another account', result: 'not tried', variants: 0 })
  }

  /** What is wrong, most telling first; an empty list: nothing; null: nothing tried fits. */
  run(): Cause[] | null {
    for (const mistakes of [0, 1, 2]) {
      const found = this.#walk(mistakes)
      if (found !== null) return found
    }
    return null
  }

  attempts(): Attempt[] {
    const done = [...this.#counts].map(([id, { text, variants, fits }]): Attempt => ({ id, text, result: fits ? 'fits' : 'no', variants }))
    const forms = FORMS.filter(({ id }) => id !== 'form.right').map(({ id, text }): Attempt => ({ id, text, result: 'no', variants: 1 }))
    const ids = new Set(done.map(({ id }) => id))
    return [...done, ...forms.filter(({ id }) => !ids.has(id)), ...this.#skipped.filter(({ id }) => !ids.has(id))]
  }

  /** Every combination with exactly so many mistakes among recipe and axes. */
  #walk(mistakes: number): Cause[] | null {
    const [people, nonces, bodies] = this.#axes as [Axis, Axis, Axis]
    for (const [r, recipe] of this.#recipes.entries()) {
      const left = mistakes - (r === 0 ? 0 : 1)
      if (left < 0) continue
      for (const person of people) {
        const after = left - cost(person)
        if (after < 0) continue
        for (const nonce of recipe.plain ? nonces.slice(0, 1) : nonces) {
          const rest = after - cost(nonce)
          if (rest < 0) continue
          const found = this.#bodies(recipe, r, person, nonce, recipe.bodies ? bodies : bodies.slice(0, 1), rest)
          if (found !== null) return found
        }
      }
    }
    return null
  }

  #bodies(recipe: Recipe, r: number, person: Way, nonce: Way, bodies: Axis, rest: number): Cause[] | null {
    for (const body of bodies) {
      if (rest !== cost(body)) continue
      if (this.#budget-- <= 0) return null
      const ways = [person, nonce, body].filter(({ id }) => id !== '')
      const wrong = r === 0 ? ways : [recipe, ...ways]
      for (const { id, text } of wrong) this.#count(id, text)
      const form = this.#targets.get(
        keyOf(
          recipe.make({ user: person.user ?? EMPTY, password: person.password ?? EMPTY, nonce: nonce.octets ?? EMPTY, body: body.octets ?? EMPTY }),
        ),
      )
      if (form === undefined) continue
      const shape = FORMS.find(({ id }) => id === form)
      const causes = shape === undefined || form === 'form.right' ? wrong : [...wrong, shape]
      for (const { id, text } of causes) this.#count(id, text, true)
      return causes.map(({ id, text, fix }) => say(id, text, fix))
    }
    return null
  }

  #count(id: string, text: string, fits = false): void {
    const known = this.#counts.get(id)
    if (known === undefined) this.#counts.set(id, { text, variants: 1, fits })
    else {
      known.variants += fits ? 0 : 1
      known.fits ||= fits
    }
  }
}
