// The account of a device and its bootstrap as forms over a fake lab: what is typed goes in, secrets are shown once or never.
// @vitest-environment happy-dom
import { flushPromises, mount } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, expect, test } from 'vitest'
import type { LabApi } from '../../core/api.ts'
import AccountForm from '../../renderer/components/devices/AccountForm.vue'
import BootstrapForm from '../../renderer/components/devices/BootstrapForm.vue'
import { useWorld } from '../../renderer/stores/world.ts'
import { demoLab } from '../support/demo.ts'
import { fakePhone } from '../support/fakeadb.ts'
import type { FakeLab } from '../support/fakelab.ts'

let lab: FakeLab
beforeEach(() => {
  setActivePinia(createPinia())
  lab = demoLab()
  useWorld().api = lab.api as LabApi
})
const sent = (call: string): unknown => {
  const found = lab.calls.findLast((each) => each.startsWith(`devices.${call} `))
  return found === undefined ? undefined : JSON.parse(found.slice(found.indexOf('{')))
}

test('only what was typed is sent, and the fields are empty afterwards', async () => {
  const form = mount(AccountForm, { props: { device: 'D' } })
  await flushPromises()
  expect(form.text()).toContain('Served by the account for every device (dm-lab)')
  const [user, password, server, nonce] = form.findAll('input')
  expect([user?.element.value, password?.element.type, server?.element.type]).toEqual(['lab', 'password', 'password'])
  await form.find('select').setValue('hmac')
  await password?.setValue('s3cret')
  await nonce?.setValue('AQI=')
  await form.find('form').trigger('submit')
  await flushPromises()
  expect(sent('setAccount')).toEqual({ userName: 'lab', auth: 'hmac', password: 's3cret', clientNonce: 'AQI=' })
  expect(form.findAll('input').map((input) => input.element.value)).not.toContain('s3cret')
  expect(form.html()).not.toContain('s3cret')
  expect(form.text()).toContain('Secrets lie in the workspace as they are.')
  // Now it has one of its own, which is named; refusing it is a decision of its own.
  await form.find('input[type="checkbox"]').setValue(true)
  await form.find('form').trigger('submit')
  await flushPromises()
  expect(sent('setAccount')).toEqual({ serverId: 'dm-lab', userName: 'lab', auth: 'hmac', state: 'refused' })
})

test('a locked account says why; of two the newest is shown first', async () => {
  const base = { device: 'D', auth: 'any', state: 'enrolled', has: [] } as const
  lab.api.devices.accounts = async () => [
    { ...base, serverId: 'old', userName: 'a', secrets: 'locked', why: 'sealed by another key store' },
    { ...base, serverId: 'ops', userName: 'b', secrets: 'sealed', why: '', has: ['clientNonce'] },
  ]
  const form = mount(AccountForm, { props: { device: 'D' } })
  await flushPromises()
  expect(form.find('input').element.value).toBe('b')
  await form.findAll('button')[1]?.trigger('click')
  await flushPromises()
  expect(sent('setAccount')).toEqual({ serverId: 'ops', clientNonce: '', serverNonce: '' })
  await form.find('select').setValue('old')
  await flushPromises()
  expect(form.find('.bad').text()).toBe('sealed by another key store')
})

test('a bootstrap shows its secrets once: closing forgets them', async () => {
  const form = mount(BootstrapForm, { props: { device: 'D' }, attachTo: document.body })
  await form.findAll('select')[1]?.setValue('NETWPIN')
  await form.find('input[inputmode="numeric"]').setValue('262011234567890')
  await form.find('form').trigger('submit')
  await flushPromises()
  expect(sent('bootstrap')).toEqual({ device: 'D', profile: 'dm', security: 'NETWPIN', auth: 'md5', imsi: '262011234567890' })
  expect(form.text()).toContain('made-up')
  expect(form.emitted('made')).toHaveLength(1)
  await form.find('dialog').trigger('close')
  expect(form.text()).not.toContain('made-up')
})

test('the document of a bootstrap goes onto an Android device that is ready', async () => {
  lab.adb.adb = { ...lab.adb.adb, devices: [fakePhone('R58', 1), fakePhone('R59', 1, { state: 'offline' })] }
  const form = mount(BootstrapForm, { props: { device: 'IMEI:1/2' }, attachTo: document.body })
  await form.find('form').trigger('submit')
  await flushPromises()
  const put = form.findAll('button').filter((button) => button.text().startsWith('Put it on '))
  expect(put.map((button) => button.text())).toEqual(['Put it on Phone 7'])
  await put[0]?.trigger('click')
  await flushPromises()
  expect(form.find('[role="status"]').text()).toMatch(/^\/sdcard\/Download\/bootstrap-IMEI_1_2\.(xml|wbxml) on /)
  expect(form.findAll('button').map((button) => button.text())).toEqual(expect.arrayContaining(['Save the document', 'Save the push']))
})
