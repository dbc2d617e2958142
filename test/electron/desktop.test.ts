// Pure decisions of the shell: what may be loaded and opened, where windows go, what the command line and the menu say.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CHECKS, fileName } from '../../electron/calls.ts'
import type { Box } from '../../electron/desktop.ts'
import {
  CSP,
  EXTERNAL_HOSTS,
  externalUrl,
  isOwnPage,
  labFlags,
  mayReload,
  mayRequest,
  place,
  readStates,
  resource,
  restartDelay,
} from '../../electron/desktop.ts'
import type { Entry } from '../../electron/menu.ts'
import { PAGE_KEYS, menu } from '../../electron/menu.ts'
import { KEYS } from '../../renderer/model/keys.ts'

describe('app:// serves its own files only', () => {
  it.each([
    ['app://lab/index.html', 'index.html'],
    ['app://lab/', 'index.html'],
    ['app://lab/index.html?x=1#ladder', 'index.html'],
    ['app://lab/assets/index-B_x1.js', 'assets/index-B_x1.js'],
    ['app://lab/a/../b.js', 'b.js'],
    ['app://lab/%2e%2e/main/main.js', 'main/main.js'],
  ])('%s is %s', (url, path) => expect(resource(url)?.path).toBe(path))
  it.each([
    'app://lab/..%2f..%2fetc/passwd.html',
    'app://lab/x%2e.js',
    'app://lab/..\\main\\main.js',
    'app://lab/.git/config.txt',
    'app://lab//etc/x.html',
    'app://lab/a//b.js',
    'app://lab/C:/x.html',
    'app://lab/x.node',
    'app://lab/x',
    'app://lab/constructor',
    'app://lab/x.constructor',
    'app://evil/index.html',
    'app://lab:80/index.html',
    'app://u@lab/index.html',
    'file:///etc/x.html',
    'https://lab/index.html',
    `app://lab/${'a'.repeat(600)}.js`,
    'nonsense',
  ])('%s is nothing', (url) => expect(resource(url)).toBeNull())
  it('never names a path that leaves the folder, whatever is asked', () => {
    const piece = fc.constantFrom('..', '.', '%2e', '/', '\\', '%5c', 'a', 'x.js', '%00', ':', '~', '//')
    fc.assert(
      fc.property(
        fc.oneof(
          fc.webUrl(),
          fc.string(),
          fc.array(piece).map((p) => `app://lab/${p.join('')}`),
        ),
        (url) => {
          const path = resource(url)?.path
          return path === undefined || (!path.startsWith('/') && !path.split('/').includes('..') && !/[\\%:\0]/.test(path))
        },
      ),
      { numRuns: 2000 },
    )
  })
  it('lets requests go to itself and nowhere else', () => {
    expect(['app://lab/index.html', 'data:image/png;base64,AA==', 'blob:app://lab/1', 'devtools://devtools/x.js'].map(mayRequest)).toEqual([
      true,
      true,
      true,
      true,
    ])
    expect(
      ['https://x.example/', 'http://127.0.0.1/', 'ws://x/', 'file:///x', 'app://lab.evil/x', 'app://labx', 'chrome://gpu', ''].map(mayRequest),
    ).toEqual(Array(8).fill(false))
    expect(isOwnPage('app://lab/index.html#ladder')).toBe(true)
    expect(isOwnPage('app://lab/assets/x.html')).toBe(false)
  })
  it('states a policy without unsafe words or foreign hosts', () => {
    expect(CSP).not.toMatch(/unsafe|\*|https?:/)
    for (const part of [
      "default-src 'none'",
      "script-src 'self'",
      "frame-ancestors 'none'",
      "base-uri 'none'",
      "form-action 'none'",
      "require-trusted-types-for 'script'",
    ])
      expect(CSP).toContain(part)
  })
})

describe('links out', () => {
  it('open for listed documentation over https', () => {
    for (const host of EXTERNAL_HOSTS) expect(externalUrl(`https://${host}/a?b#c`)).toBe(`https://${host}/a?b#c`)
  })
  it('open for nothing else', () => {
    fc.assert(
      fc.property(fc.oneof(fc.webUrl(), fc.string()), (url) => externalUrl(url) === null),
      { numRuns: 1000 },
    )
    for (const url of [
      'https://www.w3.org.',
      'https://www.w3.org@evil.example/',
      `https://www.w3.org/${'a'.repeat(2100)}`,
      'https://learn.microsoft.com:444/',
    ])
      expect(externalUrl(url), url).toBeNull()
  })
})

describe('windows', () => {
  const display: Box = { x: 0, y: 0, width: 1440, height: 860 }
  const right: Box = { x: 1440, y: -200, width: 1920, height: 1040 }
  it('open centred at first and as they were afterwards', () => {
    expect(place(null, [display])).toEqual({ x: 0, y: 0, width: 1440, height: 860 })
    expect(place(null, [right])).toEqual({ x: 1440 + 240, y: -200 + 70, width: 1440, height: 900 })
    expect(place({ x: 1500, y: -100, width: 1200, height: 800 }, [display, right])).toEqual({ x: 1500, y: -100, width: 1200, height: 800 })
  })
  it('come back into view when their display has gone', () => {
    expect(place({ x: 5000, y: 5000, width: 1200, height: 800 }, [display])).toEqual({ x: 120, y: 30, width: 1200, height: 800 })
  })
  it('lie wholly on some display, whatever was saved', () => {
    const n = fc.integer({ min: -10_000, max: 10_000 })
    fc.assert(
      fc.property(n, n, n, n, (x, y, width, height) => {
        const at = place({ x, y, width, height }, [display, right])
        return [display, right].some((d) => at.x >= d.x && at.y >= d.y && at.x + at.width <= d.x + d.width && at.y + at.height <= d.y + d.height)
      }),
    )
  })
  it('forget states that cannot be read', () => {
    for (const text of [
      '',
      '{',
      '[]',
      'null',
      '{"main":null}',
      '{"main":{"x":1}}',
      '{"main":{"x":1,"y":2,"width":"3","height":4}}',
      '{"main":{"x":1.5,"y":2,"width":3,"height":4}}',
    ])
      expect(readStates(text).size, text).toBe(0)
    expect(readStates('{"main":{"x":1,"y":2,"width":3,"height":4,"maximized":true}}').get('main')).toEqual({
      x: 1,
      y: 2,
      width: 3,
      height: 4,
      maximized: true,
    })
  })
  it('reload after a crash three times a minute and no more', () => {
    expect(mayReload([0, 1, 2], 3)).toBe(true)
    expect(mayReload([0, 1, 2, 3], 4)).toBe(false)
    expect(mayReload([0, 1, 2, 70_000], 70_000)).toBe(true)
  })
})

describe('the lab is started again', () => {
  it('soon at first, then ever later, at most 10 s', () =>
    expect([1, 2, 3, 4, 5, 6, 7, 50].map(restartDelay)).toEqual([250, 500, 1000, 2000, 4000, 8000, 10_000, 10_000]))
  it('with what the command line says', () => {
    expect(labFlags([], '/w')).toEqual({ workspace: '/w', host: '127.0.0.1', dmPort: 8080, tlsPort: 8443, uiPort: 0, gateway: {} })
    expect(
      labFlags(
        [
          '.',
          '--no-sandbox',
          '--workspace=/x',
          '--dm-port',
          '0',
          '--dms-port',
          '9443',
          '--host',
          '0.0.0.0',
          '--advertise',
          'http://lab:80',
          '--enrol',
          'ask',
        ],
        '/w',
      ),
    ).toEqual({
      workspace: '/x',
      host: '0.0.0.0',
      dmPort: 0,
      tlsPort: 9443,
      tlsMust: true,
      uiPort: 0,
      gateway: {},
      advertise: 'http://lab:80',
      enrol: 'ask',
    })
  })
  it.each([
    [['--dm-port', '65536'], '--dm-port'],
    [['--dm-port', 'x'], '--dm-port'],
    [['--dm-port'], '--dm-port needs a value'],
    [['--dms-port', '65536'], '--dms-port'],
    [['--workspace', '--host'], '--workspace needs a value'],
    [['--enrol', 'maybe'], '--enrol'],
    [['--advertise', 'lab'], '--advertise'],
  ])('and refuses %j in words', (argv, words) => expect(() => labFlags(argv, '/w')).toThrow(words))
})

describe('the menu', () => {
  const all = (entries: readonly Entry[]): Entry[] => entries.flatMap((entry) => [entry, ...all(entry.items ?? [])])
  it.each(['linux', 'win32', 'darwin'])('on %s takes no key from the page', (platform) => {
    for (const { key, pageKey, label } of all(menu(platform, true))) {
      if (key === undefined) continue
      expect(PAGE_KEYS.includes(key), `${label ?? ''} ${key}`).toBe(pageKey === true)
      expect(key, 'a single letter would be taken from text fields').not.toMatch(/^[A-Za-z0-9]$/)
    }
  })
  it('shows the keys that the page really has, and registers none of them', () => {
    for (const { key, pageKey, command, label } of all(menu('linux', true))) {
      if (key === undefined) continue
      const chord = key.replace('CmdOrCtrl', 'Ctrl')
      const owner = KEYS.find((each) => each.chords.includes(chord))?.id
      expect(owner, `${label ?? ''} ${key}`).toBe(pageKey === true ? command : undefined)
    }
  })
  it('has developer tools for developers only, and mnemonics apart from the Alt keys of the page', () => {
    expect(all(menu('linux', false)).some((entry) => entry.role === 'toggleDevTools')).toBe(false)
    expect(all(menu('linux', true)).some((entry) => entry.role === 'toggleDevTools')).toBe(true)
    for (const { label } of all(menu('linux', true))) expect(label ?? '').not.toMatch(/&[Pp1-3]/)
  })
  it('gives each key once and each entry one meaning', () => {
    const entries = all(menu('linux', true))
    const keys = entries.flatMap((entry) => (entry.key === undefined ? [] : [entry.key]))
    expect(new Set(keys).size).toBe(keys.length)
    for (const { label, role, command, order, separator, items } of entries)
      expect(
        [role, command, order, separator, items].filter((each) => each !== undefined),
        label ?? 'entry',
      ).toHaveLength(1)
  })
})

describe('file names of exports', () => {
  it.each([
    ['trace.ndjson', 'trace.ndjson'],
    ['../../etc/passwd', 'passwd'],
    ['C:\\Windows\\x.xml', 'x.xml'],
    ['a\u202Egnp.exe', 'a_gnp.exe'],
    ['...', 'dm-lab-export'],
    ['CON.txt', 'dm-lab-CON.txt'],
    ['a\u0000b<>:"|?*', 'a_b_______'],
  ])('%j becomes %j', (given, clean) => expect(fileName(given)).toBe(clean))
  it('are always one harmless name', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (name) => {
        const clean = fileName(name)
        return clean.length > 0 && clean.length <= 130 && !/[\\/\0<>:"|?*]/.test(clean) && clean !== '.' && clean !== '..'
      }),
    )
  })
  it('are checked with their bytes', () => {
    expect(CHECKS.saveAs(['x', new Uint8Array(2)])).toEqual(['x', new Uint8Array(2)])
    expect(() => CHECKS.saveAs(['x', 'text'])).toThrow('Uint8Array')
    expect(() => CHECKS.saveAs(['x'])).toThrow('2 argument')
  })
})
