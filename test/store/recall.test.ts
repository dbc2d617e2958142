// What is remembered of the ledger belongs to its device, is bounded, and is nothing at all for a reader beside the owner.
import { expect, test } from 'vitest'
import { Recall } from '../../core/store/recall.ts'

const value = (device: string, uri: string) => ({ device, uri, format: 'chr', type: 'text/plain', data: 'x', at: 1 })

test('each device has a memory of its own, and forgetting forgets all of it', () => {
  const recall = new Recall(true)
  recall.value('a', './x', value('a', './x'))
  recall.value('b', './x', null)
  recall.of('a').orders = []
  expect([recall.of('a').values.get('./x')?.device, recall.of('b').values.get('./x'), recall.of('c').values.get('./x')]).toEqual([
    'a',
    null,
    undefined,
  ])
  expect([recall.of('a').orders, recall.of('b').orders, recall.of(null).orders]).toEqual([[], undefined, undefined])
  recall.of('a')
  recall.clear()
  expect([recall.of('a').orders, recall.of('a').values.size]).toEqual([undefined, 0])
})

test('memory is bounded: what is beyond is forgotten, never wrong', () => {
  const recall = new Recall(true)
  for (let n = 0; n < 150_000; n++) recall.value('a', `./${n}`, value('a', `./${n}`))
  const { values } = recall.of('a')
  expect(values.size).toBeLessThanOrEqual(100_000)
  expect([values.get('./0'), values.get('./149999')?.uri]).toEqual([undefined, './149999'])
})

test('a reader beside the owner remembers nothing', () => {
  const recall = new Recall(false)
  recall.of('a').orders = []
  recall.value('a', './x', value('a', './x'))
  expect([recall.of('a').orders, recall.of('a').values.size]).toEqual([undefined, 0])
})
