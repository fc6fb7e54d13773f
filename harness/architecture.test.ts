/** The arrows of the house, as a table and a test: who may import whom, who may print, what a subject may be made to load. */
import { globSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { parseAst } from 'vitest/node'
import * as door from './index.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** Left to right; a folder may import what stands to its right. Folders of one column are strangers; files of one folder are not. */
const COLUMNS = [
  ['harness/doors/'],
  ['harness/scenario/'],
  ['harness/session/'],
  ['harness/subjects/'],
  ['harness/probes/', 'harness/ledger/', 'harness/diagnosis/'],
  ['harness/limits/'],
  ['harness/model/'],
] as const
const inside: readonly string[] = COLUMNS.flat()

const arrowsInside = COLUMNS.flatMap((column, at) => column.map((folder) => [folder, COLUMNS.slice(at + 1).flat()] as const))

/**
 * Longest match decides. fixtures/ needs errors.ts beside backend.ts: a backend that cannot start says so as BackendUnavailable; the names of metrics, which its
 * cluster exposes as well (docs/decisions/0011); and how a Node process of ours is started.
 */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries(arrowsInside),
  'harness/index.ts': inside.filter((folder) => folder !== 'harness/doors/'),
  'harness/doors/cli/': [...inside, 'reports/', 'fixtures/'],
  'reports/': ['harness/model/'],
  // define.ts beside the door: a scenario's child loads no more than it runs (docs/decisions/0014).
  'scenarios/': ['harness/index.ts', 'harness/scenario/define.ts', 'harness/limits/', 'fixtures/'],
  'fixtures/': [
    'harness/limits/',
    'harness/model/backend.ts',
    'harness/model/errors.ts',
    'harness/model/metric-names.ts',
    'harness/model/shelf.ts',
    'harness/subjects/compile-cache.ts',
  ],
  // Measures the house from outside.
  'bench/': ['harness/', 'fixtures/', 'reports/'],
}

/** Only the command line prints or ends the process. These end with the parent that started them, and talk to nobody else; bench/ and the cluster are commands of their own. */
const PROCESSES_OF_THEIR_OWN = [
  'harness/subjects/child-host.ts',
  'fixtures/s3-backend/main.ts',
  'fixtures/cluster/main.ts',
  'fixtures/cluster/command.ts',
  'fixtures/planted/',
  'bench/',
] as const

interface Source {
  readonly file: string
  readonly text: string
}

interface Import {
  readonly specifier: string
  /** Erased before anything runs. `import { type A }` is not: an empty import stays (verbatimModuleSyntax). */
  readonly isTypeOnly: boolean
  /** `import()`: loaded when somebody asks for it. */
  readonly isOnDemand: boolean
}

type Node = Readonly<Record<string, unknown>> & { readonly type: string }

const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && 'type' in value

/** Every node of a module. Vitest's own parser reads it, so comments and strings that look like code are neither. */
function* nodesOf({ file, text }: Source): Generator<Node> {
  const waiting: unknown[] = [parseAst(text, { lang: 'ts' }, file)]
  for (let value = waiting.pop(); value !== undefined; value = waiting.pop()) {
    if (isNode(value)) yield value
    if (typeof value === 'object' && value !== null) waiting.push(...Object.values(value).filter((part) => part !== undefined))
  }
}

const IMPORTING: ReadonlySet<string> = new Set([
  'ImportDeclaration',
  'ImportExpression',
  'ExportAllDeclaration',
  'ExportNamedDeclaration',
  'TSImportType',
])

function importsOf(source: Source): readonly Import[] {
  return [...nodesOf(source)].flatMap(({ type, source: from, importKind, exportKind }) => {
    const specifier = IMPORTING.has(type) && isNode(from) ? from.value : null
    if (typeof specifier !== 'string') return []
    const isTypeOnly = type === 'TSImportType' || importKind === 'type' || exportKind === 'type'
    return [{ specifier, isTypeOnly, isOnDemand: type === 'ImportExpression' }]
  })
}

const resolved = (file: string, specifier: string): string => posix.join(posix.dirname(file), specifier)
const isRelative = ({ specifier }: Import): boolean => specifier.startsWith('.')

/** What a file may import: its own folder, what stands to its right, and as a test the world. Empty: no folder of the table holds it. */
function allowedFor(file: string): readonly string[] {
  const [home] = Object.keys(MAY_IMPORT)
    .filter((folder) => file.startsWith(folder))
    .toSorted((a, b) => b.length - a.length)
  const isTest = file.endsWith('.test.ts')
  // These stand to the left of everything and test the whole house.
  const isOutside = posix.dirname(file) === 'harness' || file.startsWith('scenarios/')
  const forTests = isTest ? ['fixtures/', ...(isOutside ? ['harness/'] : [])] : []
  return [...(home === undefined ? [] : [home, ...(MAY_IMPORT[home] ?? [])]), ...forTests]
}

function forbiddenImports(source: Source): readonly string[] {
  const { file } = source
  const allowed = allowedFor(file)
  const targets = importsOf(source)
    .filter(isRelative)
    .map(({ specifier }) => resolved(file, specifier))
  return [...new Set(targets)]
    .filter((target) => !allowed.some((folder) => target.startsWith(folder)))
    .map((target) => `${file} may not import ${target}`)
}

/** `process.stdout.write` for a chain of names, else null. */
function dotted(node: unknown): string | null {
  if (!isNode(node)) return null
  if (node.type === 'Identifier') return String(node.name)
  if (node.type !== 'MemberExpression' || node.computed === true) return null
  const object = dotted(node.object)
  return object === null ? null : `${object}.${dotted(node.property)}`
}

const PRINTS_OR_EXITS = /^(console\.\w+|process\.(stdout|stderr)\.write|process\.exit|process\.exitCode)$/

function printsOrExits(source: Source): readonly string[] {
  const { file } = source
  if (file.startsWith('harness/doors/cli/') || PROCESSES_OF_THEIR_OWN.some((own) => file.startsWith(own))) return []
  const names = [...nodesOf(source)].flatMap((node) => dotted(node) ?? []).filter((name) => PRINTS_OR_EXITS.test(name))
  return [...new Set(names)].map((name) => `${file} may not use ${name}: only harness/doors/cli/ prints or exits`)
}

/** Packages and node: modules that loading these files loads, by whatever way; what is imported on demand is not loaded. */
function loadedBy(entries: readonly string[], sources: ReadonlyMap<string, Source>): readonly string[] {
  const seen = new Set(entries)
  const packages = new Set<string>()
  for (const file of seen) {
    const source = sources.get(file)
    if (source === undefined) throw new Error(`${file} is not there`)
    for (const each of importsOf(source)) {
      if (each.isTypeOnly || each.isOnDemand) continue
      if (isRelative(each)) seen.add(resolved(file, each.specifier))
      else packages.add(each.specifier)
    }
  }
  return [...packages].toSorted()
}

const files = globSync('{harness,fixtures,scenarios,reports,bench}/**/*.ts', { cwd: ROOT }).map((file) => file.replaceAll('\\', '/'))
const sources = new Map(files.map((file) => [file, { file, text: readFileSync(posix.join(ROOT, file), 'utf8') }]))
const all = [...sources.values()]

describe('the arrows', () => {
  test('an import against an arrow is named by both its ends', () => {
    const against = (file: string, text: string) => forbiddenImports({ file, text })
    const y = "import { y } from '../probes/y.ts'"
    expect(against('harness/diagnosis/x.ts', y)).toEqual(['harness/diagnosis/x.ts may not import harness/probes/y.ts'])
    expect(against('harness/diagnosis/x.test.ts', y)).toEqual(['harness/diagnosis/x.test.ts may not import harness/probes/y.ts'])
    expect(against('harness/subjects/x.ts', y)).toEqual([])
    expect(against('harness/probes/x.ts', "export * from './y.ts'; import type { Z } from './kernel/z.ts'")).toEqual([])
    expect(against('harness/doors/jest/x.ts', "export * from '../../../reports/text.ts'")).toHaveLength(1)
    expect(against('harness/doors/cli/x.ts', "export * from '../../../reports/text.ts'")).toEqual([])
    expect(against('harness/model/x.ts', "const y = await import('../limits/y.ts')")).toHaveLength(1)
    expect(against('harness/model/x.ts', "type Y = import('../limits/y.ts').Y")).toHaveLength(1)
    expect(against('fixtures/x.ts', "import '../harness/model/errors.ts'; import '../harness/model/finding.ts'")).toHaveLength(1)
    expect(against('scenarios/x.test.ts', "import '../harness/scenario/suite.ts'")).toEqual([])
    expect(against('scenarios/x.ts', "import '../harness/scenario/suite.ts'")).toHaveLength(1)
    expect(against('harness/model/x.ts', "// import '../limits/y.ts'\nexport const z = `import '../limits/y.ts'`")).toEqual([])
  })

  test('nothing imports against an arrow', () => {
    expect(all.flatMap(forbiddenImports)).toEqual([])
  })

  test('every source stands in a folder the table knows', () => {
    expect(files.filter((file) => allowedFor(file).length === 0)).toEqual([])
  })

  test('model/ imports nothing from outside, not even node:', () => {
    const inModel = all.filter(({ file }) => file.startsWith('harness/model/'))
    expect(inModel.flatMap((source) => importsOf(source).filter((each) => !isRelative(each)))).toEqual([])
  })
})

describe('who may print and exit', () => {
  test('printing and exiting is found in code, and in code only', () => {
    const found = (text: string) => printsOrExits({ file: 'harness/session/x.ts', text })
    expect(found('console.log(1)')).toEqual(['harness/session/x.ts may not use console.log: only harness/doors/cli/ prints or exits'])
    expect(found('process.exitCode = 1; process.stderr.write(""); process.exit()')).toHaveLength(3)
    expect(found("const program = 'console.log(1)' // process.exit()\nvoid process.stdout")).toEqual([])
  })

  test('only the command line prints or exits', () => {
    expect(all.flatMap(printsOrExits)).toEqual([])
  })
})

describe('the rule of the ledger', () => {
  test('what watches inside a subject loads nothing but node:', () => {
    const entries = [
      'ledger/ledger.ts',
      'probes/pools.ts',
      'subjects/child-host.ts',
      'scenario/child.ts',
      'doors/register.ts',
      'doors/exec-preload.ts',
    ]
    const inside = entries.map((entry) => `harness/${entry}`)
    expect(loadedBy(inside, sources).filter((name) => !name.startsWith('node:'))).toEqual([])
  })

  test('the door of the metrics loads prom-client, and no HTTP client; nothing that watches loads that door', () => {
    const packages = loadedBy(['harness/doors/metrics/index.ts'], sources).filter((name) => !name.startsWith('node:'))
    expect(packages).toEqual(['fastest-levenshtein', 'prom-client', 'valibot'])
    const inHarness = all.filter(({ file }) => file.startsWith('harness/') && !file.endsWith('.test.ts'))
    const loaders = inHarness.filter((source) => importsOf(source).some(({ specifier }) => specifier === 'prom-client'))
    expect(loaders.map(({ file }) => file).toSorted()).toEqual(['harness/doors/metrics/expose.ts', 'harness/doors/metrics/index.ts'])
  })

  test('findLeaks loads these packages into the program it watches, and no HTTP client', () => {
    expect(loadedBy(['harness/index.ts'], sources).filter((name) => !name.startsWith('node:'))).toMatchInlineSnapshot(`
      [
        "@jridgewell/trace-mapping",
        "fastest-levenshtein",
        "valibot",
      ]
    `)
  })
})

test('the public door is these values and no others', () => {
  const values = ['HarnessError', 'LeakError', 'defineConfig', 'defineScenario', 'expectNoLeaks', 'findLeaks', 'runScenario']
  expect(Object.keys(door).toSorted()).toEqual(values)
})

test('the source maps of the package hold their sources, which it does not ship: vitest warns of every one that it cannot find', () => {
  const { compilerOptions } = JSON.parse(readFileSync(`${ROOT}tsconfig.build.json`, 'utf8'))
  expect(compilerOptions).toMatchObject({ sourceMap: true, inlineSources: true })
})
