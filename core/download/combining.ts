// A descriptor and its object in one body (download sheet 3.1): the object is taken as it follows, and goes on by a range of the whole body.
import { Answers } from './answers.ts'
import { formOf, isCombined } from './combined.ts'
import { DescriptorError, isDescriptor, parseDescriptor } from './dd.ts'
import { mediaType } from './judge.ts'
import type { Head, Verdict } from './judge.ts'
import type { Input } from './moves.ts'

export abstract class Combining extends Answers {
  protected override head(head: Head): void {
    const first = this.state === 'asking' && this.now().step === 'open' && head.httpStatus === 200
    if (first && isCombined(head.contentType)) this.begun(head)
    else super.head(head)
  }

  /** A body of parts, from its beginning. */
  protected begun(head: Head): void {
    const form = formOf(head.contentField)
    if (form === null) {
      this.close()
      return this.fail(954, 'server', `the content type ${head.contentField} names no boundary`, head.httpStatus)
    }
    const { contentType: type, length, etag, lastModified } = head
    this.save({ base: this.asked, etag, lastModified, combined: { form, type, at: 0, length } })
    this.state = 'parts'
    this.effect({ type: 'take', id: this.id, into: 'parts', form, most: this.settings.descriptorBytes })
  }

  /** The descriptor is whole, the object is next. */
  protected parts({ bytes, contentTypes, at }: Extract<Input, { type: 'parts' }>): void {
    const [first, second] = contentTypes.map(mediaType) as [string, string]
    if (first !== '' && !isDescriptor(first))
      return void this.unfit(906, 'descriptor', `the first part is ${first}; a descriptor was to come with its object`, 200)
    try {
      const descriptor = parseDescriptor(bytes)
      const { combined, etag, lastModified } = this.now()
      if (!this.fits(descriptor)) return
      const [object, ...more] = descriptor.objects
      if (object === undefined || more.length > 0)
        return void this.unfit(906, 'descriptor', `the descriptor names ${String(descriptor.objects.length)} objects; one comes with it`, 200)
      if (second !== '' && !object.types.map(mediaType).includes(second))
        return void this.unfit(905, 'type', `the object is ${second}; the descriptor says ${object.types.join(', ')}`, 200)
      this.turnTo(0)
      this.save({ etag, lastModified, contentType: second, combined: combined ? { ...combined, at } : null })
      this.held = true
      this.proceed(descriptor)
    } catch (error) {
      if (!(error instanceof DescriptorError)) throw error
      this.hopeless(error)
    }
  }

  protected override wanted(): void {
    if (this.held) this.follow(null)
    else super.wanted()
  }

  /** The object's bytes are taken: those held back and what follows, or those of a range of the body. */
  protected follow(at: number | null): void {
    const { combined, received, total } = this.now()
    if (!combined) throw new Error('no body of parts was begun')
    this.held = this.odd = false
    this.partEnds = at !== null
    this.state = 'object'
    const within = { form: combined.form, at, left: (total ?? 0) - received }
    this.effect({ type: 'take', id: this.id, into: 'file', file: this.file(), at: received, within })
  }

  protected override begin(verdict: Extract<Verdict, { what: 'take' }>, head: Head): void {
    const { combined, received, restarts } = this.now()
    if (!combined) return super.begin(verdict, head)
    if (verdict.at > 0) return this.follow(verdict.at)
    if (restarts >= this.settings.restarts) return this.tooOften()
    this.note(`the object comes from its beginning again, with its descriptor; ${String(received)} bytes are let go`)
    this.cut()
    this.save({ step: 'open', descriptor: null, received: 0, restarts: restarts + 1 })
    this.begun(head)
  }
}
