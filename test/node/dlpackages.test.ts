// Packages as files: the format both ways, signatures against openssl, and ZIPs that mean harm.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { zipSync } from 'fflate'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ANTIVIR } from '../../core/download/payload.ts'
import { buildPackage, inspectPackage } from '../../core/node/packages.ts'
import type { PackageWish } from '../../core/node/packages.ts'
import { anchorsIn, checkSignature, fromPem, makeSigner, sign, toPem } from '../../core/node/signing.ts'
import { bytesSource, pathTrouble, readZip, unpackWhole, ZipError } from '../../core/node/zip.ts'
import { needs } from '../support/needs.ts'
import { antivir, hash } from './dlrig.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dm-lab-pkg-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const NOW = Date.UTC(2026, 10, 21)
const wish: PackageWish = {
  pkgId: 'antivir-2.1',
  version: '2.1',
  components: [{ id: 'com.msf.antivir', version: '2.1', files: { 'a/b.txt': 'hello', c: new Uint8Array(70_000) } }],
}
const inspect = (bytes: Uint8Array) => inspectPackage(bytesSource(bytes), { installParams: '', pkgId: '', file: 'x-1.0.zip' }, { at: NOW })

test('the payload of the sheet', () => {
  const bytes = antivir()
  const hex = (from: number, to: number): string => Buffer.from(bytes.subarray(from, to)).toString('hex')
  expect([hex(0, 16), hex(149_996, 150_000)]).toEqual(['e1a0fffc6fa8e3c4b1f5b72f230564d5', '9e51d33f'])
  expect([hex(14_999, 15_003), hex(65_537, 65_541), hex(74_995, 74_999)]).toEqual(['be9132ad', 'bd9af733', 'd293926a'])
  expect(hash(bytes)).toBe(ANTIVIR.sha256)
  expect(hash(bytes.subarray(0, 65_537))).toBe('0591b71045e69540af0044efcfa24073b1da949c3b710b5f1a7591d27c2757ea')
  expect(hash(bytes.subarray(0, 74_995))).toBe('f9f885d7e40ba01fbf4b8db7baaf7dc310c2b4a28e4f9f2c88eeeea1d1145132')
  expect(Buffer.from(bytes).toString('base64').slice(0, 32)).toBe('4aD//G+o48Sx9bcvIwVk1Xzpchk9RCl+')
})

test('building is deterministic, and what was built is read', async () => {
  const bytes = await buildPackage(wish)
  expect(hash(await buildPackage(wish))).toBe(hash(bytes))
  const found = await inspect(bytes)
  expect(found).toMatchObject({
    form: 'zip',
    problem: null,
    signature: { what: 'none' },
    unpacked: 70_005,
    manifest: { pkgId: 'antivir-2.1', length: 70_005 },
  })
  expect(found.components[0]?.files.map(({ path }) => path)).toEqual(['a/b.txt', 'c'])
  expect(await inspect(await buildPackage({ ...wish, manifest: false }))).toMatchObject({ manifest: null, components: [{ id: 'x', version: '1.0' }] })
  expect(await inspect(antivir())).toMatchObject({
    form: 'plain',
    components: [{ id: 'x', version: '1.0', files: [{ size: 150_000, entry: null }] }],
  })
})

describe('dl 44: signatures', () => {
  const from = new Date(NOW - 1e9)
  const to = new Date(NOW + 1e9)
  const content = Buffer.from('SwM-Manifest=1\n')
  const run = (...words: string[]): string => {
    const { status, stderr } = spawnSync('openssl', words, { cwd: folder, encoding: 'utf8' })
    return status === 0 ? '' : stderr
  }
  const file = (name: string, bytes: Uint8Array | string): void => writeFileSync(join(folder, name), bytes)
  const check = (der: Uint8Array, anchors = anchorsIn(folder)) => checkSignature(content, der, anchors, new Date(NOW))

  test('what is signed here, openssl accepts', async (context) => {
    needs(context, 'openssl')
    const root = await makeSigner({ name: 'Root', from, to, authority: true })
    const leaf = await makeSigner({ name: 'Leaf', from, to, authority: false, serial: 2 }, root)
    file('root.pem', toPem(root.certificate))
    file('manifest', content)
    file('manifest.p7s', await sign(content, leaf, new Date(NOW)))
    const words = [
      'cms',
      '-verify',
      '-binary',
      '-inform',
      'DER',
      '-in',
      'manifest.p7s',
      '-content',
      'manifest',
      '-CAfile',
      'root.pem',
      '-purpose',
      'any',
    ]
    expect(run(...words, '-attime', String(NOW / 1000), '-out', 'out')).toBe('')
    expect(await check(readFileSync(join(folder, 'manifest.p7s')))).toEqual({ what: 'good', signer: 'Leaf' })
    expect(
      await checkSignature(Buffer.from('SwM-Manifest=2\n'), readFileSync(join(folder, 'manifest.p7s')), anchorsIn(folder), new Date(NOW)),
    ).toMatchObject({ what: 'bad' })
  })

  test('what openssl signed is accepted; a second signer, SHA-1, no attributes, content inside and a short key are not', (context) => {
    needs(context, 'openssl')
    file('manifest', content)
    const days = ['-days', '3650', '-nodes']
    const leaf = (name: string, ...key: string[]): void => {
      expect(run('req', '-newkey', ...key, '-nodes', '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`)).toBe('')
      file('ext', 'keyUsage=digitalSignature\nextendedKeyUsage=codeSigning\n')
      expect(
        run(
          'x509',
          '-req',
          '-in',
          `${name}.csr`,
          '-CA',
          'root.pem',
          '-CAkey',
          'root.key',
          '-out',
          `${name}.crt.txt`,
          '-days',
          '3650',
          '-extfile',
          'ext',
        ),
      ).toBe('')
    }
    expect(run('req', '-x509', '-newkey', 'rsa:2048', ...days, '-keyout', 'root.key', '-out', 'root.pem', '-subj', '/CN=Root')).toBe('')
    leaf('one', 'rsa:2048')
    leaf('two', 'rsa:2048')
    leaf('short', 'rsa:1024')
    leaf('curve', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256')
    const made = (name: string, ...more: string[]): Uint8Array => {
      const words = [
        'cms',
        '-sign',
        '-binary',
        '-outform',
        'DER',
        '-in',
        'manifest',
        '-signer',
        `${name}.crt.txt`,
        '-inkey',
        `${name}.key`,
        '-out',
        'out.p7s',
        ...more,
      ]
      expect(run(...words)).toBe('')
      return new Uint8Array(readFileSync(join(folder, 'out.p7s')))
    }
    const good = made('one')
    const at = new Date()
    const judge = (der: Uint8Array) => checkSignature(content, der, fromPem(readFileSync(join(folder, 'root.pem'), 'utf8')), at)
    return Promise.all([
      expect(judge(good)).resolves.toEqual({ what: 'good', signer: 'one' }),
      expect(judge(made('curve'))).resolves.toEqual({ what: 'good', signer: 'curve' }),
      expect(judge(made('one', '-signer', 'two.crt.txt', '-inkey', 'two.key'))).resolves.toMatchObject({
        why: expect.stringContaining('2 signers') as string,
      }),
      expect(judge(made('one', '-md', 'sha1'))).resolves.toMatchObject({ why: 'its digest is not SHA-256' }),
      expect(judge(made('one', '-noattr'))).resolves.toMatchObject({ why: expect.stringContaining('no content-type') as string }),
      expect(judge(made('one', '-nodetach'))).resolves.toMatchObject({ why: 'it is not detached' }),
      expect(judge(made('one', '-nocerts'))).resolves.toMatchObject({ why: expect.stringContaining('does not come along') as string }),
      expect(judge(made('short'))).resolves.toMatchObject({ why: expect.stringContaining('1024 bits') as string }),
      expect(checkSignature(content, good, [], at)).resolves.toMatchObject({ reason: 'chain', why: expect.stringContaining('no anchor') as string }),
      expect(judge(good.subarray(0, 200))).resolves.toMatchObject({ what: 'bad', reason: 'signature' }),
      expect(judge(new Uint8Array())).resolves.toMatchObject({ what: 'bad' }),
    ])
  })
})

describe('dl 34: ZIPs that mean harm', () => {
  const refused = (bytes: Uint8Array): string => {
    try {
      readZip(bytesSource(bytes), { entries: 100, bytes: 1 << 22, ratio: 200, meta: 1000 })
    } catch (error) {
      expect(error).toBeInstanceOf(ZipError)
      return (error as Error).message
    }
    return 'taken'
  }
  const some = new Uint8Array(10)

  test.each([
    '../evil',
    'a/../../evil',
    '/etc/passwd',
    'a//b',
    './a',
    'C:evil',
    'a\\..\\b',
    'nul',
    'a/con.txt',
    'a\nb',
    'x. ',
    'b/'.repeat(250) + 'c',
  ])('a path that leaves the folder or is none elsewhere: %j', (path) => {
    expect(pathTrouble(path)).not.toBe('')
    expect(refused(zipSync({ [path]: some }))).toMatch(/entry ".*": its path/)
  })

  test('links, devices, duplicates, a file that is a folder, too many, too much, shared bytes, encryption, other methods, cut ends', () => {
    expect(refused(zipSync({ link: [some, { os: 3, attrs: 0o120777 << 16 }] }))).toContain('a link or a device')
    expect(refused(zipSync({ device: [some, { os: 3, attrs: 0o020666 << 16 }] }))).toContain('a link or a device')
    expect(refused(zipSync({ Same: some, same: some }))).toContain('stands twice')
    expect(refused(zipSync({ a: some, 'a/b': some }))).toContain('a file and a folder')
    expect(refused(zipSync(Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`f${String(i)}`, some]))))).toContain('101 entries')
    expect(refused(zipSync({ big: new Uint8Array(5 << 20) }))).toContain('at most 4194304')
    expect(refused(zipSync({ bomb: new Uint8Array(3 << 20) }))).toContain('times its size')
    const two = zipSync({ one: some, two: some }, { level: 0 })
    const view = new DataView(two.buffer)
    const central = view.getUint32(two.length - 6, true)
    const changed = (at: number, value: number): Uint8Array => {
      const copy = two.slice()
      new DataView(copy.buffer).setUint16(central + at, value, true)
      return copy
    }
    expect(refused(two)).toBe('taken')
    expect(refused(changed(8, 1))).toContain('encrypted')
    expect(refused(changed(10, 12))).toContain('method 12')
    expect(refused(changed(46 + 3 + 42, 0))).toContain('shares bytes')
    expect(refused(two.subarray(0, -1))).toContain('cut off')
    expect(refused(two.subarray(0, 10))).toContain('cut off')
  })

  test('an entry that unpacks to more than it says ends there', async () => {
    const zip = zipSync({ a: new Uint8Array(100_000) })
    const view = new DataView(zip.buffer)
    const central = view.getUint32(zip.length - 6, true)
    view.setUint32(central + 24, 50_000, true)
    const [entry] = readZip(bytesSource(zip))
    if (entry === undefined) throw new Error('no entry')
    await expect(unpackWhole(bytesSource(zip), entry, 1 << 20)).rejects.toThrow(/damaged/)
  })

  test('any bytes give entries or a ZipError', () => {
    let seed = 7
    const random = (): number => (seed = (seed * 1103515245 + 12345) % 0x80000000)
    const good = zipSync({ 'META/manifest': some, 'a/b': new Uint8Array(300) })
    for (let i = 0; i < 2000; i++) {
      const bytes = good.slice(0, i % 3 === 0 ? random() % good.length : good.length)
      for (let n = 0; n < 3 && bytes.length > 0; n++) bytes[random() % bytes.length] = random() % 256
      refused(bytes)
    }
  })
})
