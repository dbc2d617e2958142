// Certificates, how TLS is spoken, and the addresses devices are told.
import { defineStore } from 'pinia'
import { computed } from 'vue'
import type { AddressWish, AddressesState, LabApi, TlsSettings, TrustState } from '../../core/api.ts'
import { keep } from './compare.ts'
import { useLive } from './live.ts'
import { useWorld } from './world.ts'

export const useTrust = defineStore('trust', () => {
  const world = useWorld()
  const trust = useLive<TrustState | null, 'trust'>(
    null,
    (lab) => lab.trust.state(),
    'trust',
    (fact) => fact,
  )
  const addresses = useLive<AddressesState | null, 'addresses'>(
    null,
    (lab) => lab.addresses.list(),
    'addresses',
    (fact) => fact,
  )
  /** What a device is told; null while nothing is known. */
  const choiceOf = computed(() => {
    const state = addresses.value.value
    const known = new Map(state?.devices.map((one) => [one.device, one]))
    return (device: string) => known.get(device) ?? (state === null ? null : { ...state.otherwise, device })
  })

  async function trusts(what: string, act: (lab: LabApi) => Promise<TrustState>): Promise<boolean> {
    const state = await world.attempt(what, act)
    if (state === null) return false
    trust.value.value = state
    return true
  }
  async function addressed(what: string, act: (lab: LabApi) => Promise<AddressesState>): Promise<boolean> {
    const state = await world.attempt(what, act)
    if (state === null) return false
    addresses.value.value = state
    return true
  }
  /** Hands the authority's certificate to the person as a file. It is made where there is none yet. */
  async function exportAuthority(format: 'pem' | 'der'): Promise<void> {
    const file = await world.attempt('Exporting the certificate of the authority', (lab) => lab.trust.authority(format))
    if (file === null) return
    const said = await keep(file.name, file.type, file.bytes)
    if (said !== '') world.say(said)
    await trust.load()
  }
  const settings = (change: Partial<TlsSettings>): Promise<boolean> => trusts('Changing how TLS is spoken', (lab) => lab.trust.settings(change))
  const withdraw = (serial: string): Promise<boolean> => trusts('Withdrawing the certificate', (lab) => lab.trust.withdraw(serial))
  const replace = (key: 'ec' | 'rsa'): Promise<boolean> => trusts('Making a new authority', (lab) => lab.trust.replace(key))

  async function choose(device: string, candidate: string, scheme: 'http' | 'https' | ''): Promise<boolean> {
    const done = await world.attempt('Choosing the address', (lab) =>
      scheme === '' ? lab.addresses.choose(device, candidate) : lab.addresses.choose(device, candidate, scheme),
    )
    if (done !== null) await addresses.load()
    return done !== null
  }
  const add = (wish: AddressWish): Promise<boolean> => addressed(`Adding the address ${wish.name}`, (lab) => lab.addresses.add(wish))
  const remove = (candidate: string): Promise<boolean> => addressed('Removing the address', (lab) => lab.addresses.remove(candidate))
  const multicast = (name: string): Promise<boolean> => addressed('Choosing the multicast interface', (lab) => lab.addresses.multicast(name))

  return {
    state: trust.value,
    problem: trust.problem,
    addresses: addresses.value,
    addressProblem: addresses.problem,
    choiceOf,
    loadTrust: trust.load,
    loadAddresses: addresses.load,
    exportAuthority,
    settings,
    withdraw,
    replace,
    choose,
    add,
    remove,
    multicast,
  }
})
