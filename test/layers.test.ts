// Who may import whom: arrows only downwards, checked on every source file; the table here is the one docs/architecture.md shows.
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { expect, test } from 'vitest'

const root = resolve(import.meta.dirname, '..')

/** Layer of a file (longest matching prefix) and the layers it may import besides itself. */
export const LAYERS: Readonly<Record<string, readonly string[]>> = {
  'core/syncml': [],
  'core/machine': ['core/syncml'],
  'core/api': ['core/syncml', 'core/machine'],
  'core/page': ['core/api', 'core/syncml'],
  'core/rpc': ['core/api'],
  'core/auth': ['core/syncml', 'core/machine'],
  'core/dmtree': ['core/syncml'],
  'core/notify': ['core/syncml', 'core/machine', 'core/auth', 'core/dmtree'],
  'core/bootstrap': ['core/syncml', 'core/machine', 'core/auth', 'core/dmtree', 'core/notify'],
  'core/session': ['core/syncml', 'core/machine', 'core/auth', 'core/dmtree'],
  'core/server': ['core/syncml', 'core/machine', 'core/auth', 'core/dmtree', 'core/session'],
  'core/device': ['core/syncml', 'core/machine', 'core/auth', 'core/dmtree', 'core/session', 'core/notify', 'core/bootstrap'],
  'core/store': ['core/syncml', 'core/machine', 'core/api', 'core/page', 'core/server'],
  'core/evidence': ['core/syncml', 'core/machine', 'core/api', 'core/page', 'core/auth', 'core/dmtree', 'core/store', 'core/notify'],
  'core/mirror': ['core/syncml', 'core/machine', 'core/api', 'core/dmtree'],
  'core/mo': ['core/syncml', 'core/machine'],
  'core/filter': ['core/syncml', 'core/machine', 'core/api'],
  'core/download': ['core/syncml', 'core/machine', 'core/mo'],
  'core/software': ['core/syncml', 'core/machine', 'core/api', 'core/auth', 'core/dmtree', 'core/session', 'core/device', 'core/mo', 'core/download'],
  'core/jobs': [
    'core/syncml',
    'core/machine',
    'core/api',
    'core/dmtree',
    'core/session',
    'core/server',
    'core/store',
    'core/mirror',
    'core/mo',
    'core/filter',
    'core/download',
  ],
  'core/adapters': ['core/syncml', 'core/machine', 'core/api', 'core/mo'],
  'core/lab': [
    'core/adapters',
    'core/mirror',
    'core/syncml',
    'core/machine',
    'core/api',
    'core/page',
    'core/auth',
    'core/dmtree',
    'core/session',
    'core/server',
    'core/device',
    'core/store',
    'core/evidence',
    'core/notify',
    'core/bootstrap',
    'core/mo',
    'core/filter',
    'core/download',
    'core/software',
    'core/jobs',
    'core/gateway',
  ],
  'core/gateway': [
    'core/syncml',
    'core/machine',
    'core/auth',
    'core/dmtree',
    'core/session',
    'core/notify',
    'core/bootstrap',
    'core/server',
    'core/device',
    'core/mo',
    'core/download',
    'core/api',
  ],
  'core/scenario': [
    'core/adapters',
    'core/gateway',
    'core/lab',
    'core/mirror',
    'core/syncml',
    'core/machine',
    'core/api',
    'core/page',
    'core/auth',
    'core/dmtree',
    'core/session',
    'core/server',
    'core/device',
    'core/store',
    'core/evidence',
    'core/notify',
    'core/bootstrap',
    'core/mo',
    'core/filter',
    'core/download',
    'core/software',
    'core/jobs',
    'core/gateway',
  ],
  'core/node': ['core/'],
  electron: ['core/'],
  renderer: ['core/api', 'core/rpc', 'core/page', 'core/syncml', 'core/notify', 'core/mo', 'core/filter'],
}

/** Packages a layer may import; the pure part of core imports none. */
const PACKAGES: Readonly<Record<string, readonly RegExp[]>> = {
  'core/node': [
    /^node:/,
    /^ws$/,
    /^zod$/,
    /^commander$/,
    /^vite$/,
    /^fflate$/,
    /^pkijs$/,
    /^asn1js$/,
    /^qrcode$/,
    /^bonjour-service$/,
    /^serialport$/,
    /^@yume-chan\//,
  ],
  electron: [/^node:/, /^electron$/],
  renderer: [/^vue$/, /^pinia$/, /^reka-ui$/, /^@tanstack\/vue-virtual$/, /^@codemirror\//],
  'core/dmtree': [/^@xmldom\/xmldom$/],
  'core/download': [/^@xmldom\/xmldom$/],
}

const files = (folder: string): string[] =>
  readdirSync(join(root, folder)).flatMap((name) => {
    const path = join(folder, name)
    if (statSync(join(root, path)).isDirectory()) return files(path)
    return /\.(ts|mts|mjs|vue)$/.test(name) && !name.endsWith('.d.ts') ? [path] : []
  })

const layerOf = (path: string): string =>
  Object.keys(LAYERS)
    .filter((layer) => path === layer || path.startsWith(`${layer}/`) || path.replace(/\.ts$/, '') === layer)
    .sort((a, b) => b.length - a.length)[0] ?? ''

const IMPORT = /^(?:import|export|\})[^'\n]*\bfrom '([^']+)'|^import '([^']+)'|\bimport\('([^']+)'\)/gm

/** Statements over several lines, too. */
const ANY_IMPORT = /^(?:import|export)\b[^;']*?\bfrom '([^']+)'/gm

function broken(path: string): string[] {
  const layer = layerOf(path)
  if (layer === '') return [`${path} lies in no layer`]
  const text = readFileSync(join(root, path), 'utf8')
  return [...text.matchAll(IMPORT)].flatMap((match) => {
    const wanted = match[1] ?? match[2] ?? match[3] ?? ''
    if (!wanted.startsWith('.')) return (PACKAGES[layer] ?? []).some((allowed) => allowed.test(wanted)) ? [] : [`${path} imports package ${wanted}`]
    const target = relative(root, resolve(root, dirname(path), wanted.replace(/\?.*$/, '')))
    const to = layerOf(target)
    const allowed = to === layer || (LAYERS[layer] ?? []).some((name) => (name.endsWith('/') ? target.startsWith(name) : to === name))
    return allowed || (to === '' && !/\.(ts|vue|mjs)$/.test(target)) ? [] : [`${path} imports ${target}`]
  })
}

const sources = ['core', 'electron', 'renderer'].flatMap(files)

test('imports go only downwards', () => {
  expect(sources.flatMap(broken)).toEqual([])
})

/** Source files a file imports, types included. */
const imported = (path: string): string[] =>
  [...readFileSync(join(root, path), 'utf8').matchAll(ANY_IMPORT)].flatMap((match) => {
    const wanted = match[1] ?? ''
    return wanted.startsWith('.') ? [relative(root, resolve(root, dirname(path), wanted))] : []
  })

/** A way from a file back to itself, for each circle that a walk meets. */
function circles(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const found: string[][] = []
  const done = new Set<string>()
  const way: string[] = []
  const walk = (path: string): void => {
    if (way.includes(path)) found.push([...way.slice(way.indexOf(path)), path])
    if (done.has(path) || way.includes(path)) return
    way.push(path)
    for (const next of graph.get(path) ?? []) walk(next)
    way.pop()
    done.add(path)
  }
  for (const path of graph.keys()) walk(path)
  return found
}

test('no file of core or electron leads back to itself, not even by types', () => {
  const graph = new Map(sources.filter((path) => !path.startsWith('renderer/')).map((path) => [path, imported(path)]))
  expect(graph.get('core/rpc.ts')).toContain('core/api.ts')
  expect(graph.get('core/api.ts')).toContain('core/api/trace.ts')
  expect(circles(graph)).toEqual([])
  expect(
    circles(
      new Map([
        ['a', ['b']],
        ['b', ['c', 'a']],
      ]),
    ),
  ).toEqual([['a', 'b', 'a']])
})

test('nobody imports tests, and the check itself would notice', () => {
  expect(sources.filter((path) => /from '.*\/test\//.test(readFileSync(join(root, path), 'utf8')))).toEqual([])
  expect(layerOf('core/session/server.ts')).toBe('core/session')
  expect(layerOf('core/rpc.ts')).toBe('core/rpc')
})

test('every source file says in its first line what it is', () => {
  const silent = sources.filter((path) => {
    const first = readFileSync(join(root, path), 'utf8').split('\n')[0] ?? ''
    return !/^(\/\/|\/\*|<!--|#!)/.test(first)
  })
  expect(silent).toEqual([])
})
