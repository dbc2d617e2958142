// The software of the device looked at: its board, read again when the lab says it moved.
import { defineStore } from 'pinia'
import { ref, shallowRef, watch } from 'vue'
import type { LabApi, SoftwareBoard, SoftwareRequest } from '../../core/api.ts'
import { useWorld } from './world.ts'

/** A device that moves much is read at most ten times a second. */
const CALM = 100

export const useSoftware = defineStore('software', () => {
  const world = useWorld()
  const device = ref('')
  const board = shallowRef<SoftwareBoard | null>(null)
  const problem = ref('')
  /** URI of the card whose moves are shown. */
  const card = ref('')
  let run = 0
  let timer: ReturnType<typeof setTimeout> | undefined

  async function load(): Promise<void> {
    const mine = ++run
    const api = world.api
    const asked = device.value
    if (api === null || asked === '') {
      board.value = null
      return
    }
    try {
      const answer = await api.software.board(asked)
      if (mine !== run) return
      board.value = answer
      problem.value = ''
    } catch (error) {
      if (mine !== run || world.api === null) return
      board.value = null
      problem.value = error instanceof Error ? error.message : String(error)
    }
  }
  function soon(): void {
    timer ??= setTimeout(() => {
      timer = undefined
      void load()
    }, CALM)
  }
  let off: (() => void) | null = null
  watch(
    () => world.api,
    (api: LabApi | null) => {
      off?.()
      off =
        api?.on('software', (fact) => {
          if (fact.device === device.value) soon()
        }) ?? null
      void load()
    },
    { immediate: true },
  )
  watch(device, () => {
    board.value = null
    card.value = ''
    void load()
  })

  const request = async (wish: SoftwareRequest): Promise<boolean> => {
    const asked = device.value
    const done = await world.attempt(`Asking in the name of ${asked}`, async (lab) => {
      await lab.software.request(asked, wish)
      return true
    })
    if (done === true) world.say(`${asked} asks its server: ${wish.operation}.`)
    return done === true
  }
  const restart = async (): Promise<void> => {
    const asked = device.value
    const done = await world.attempt(`Restarting ${asked}`, async (lab) => {
      await lab.software.restart(asked)
      return true
    })
    if (done === true) world.say(`${asked} goes off and on again.`)
  }
  return { device, board, problem, card, load, request, restart }
})
