import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { dirname, relative, resolve } from 'node:path'
import { expect, it } from 'vitest'

const HARNESS = resolve(import.meta.dirname, '..')
/** Static imports and re-exports that are there at run time; `import type` and `export type` are stripped. */
const IMPORT = /^(?:import|export)\s+(?!type\b)(?:[^'"]*?\bfrom\s+)?['"]([^'"]+)['"]/gm

/** Every module that loading `entries` loads, own files relative to harness/. */
function graph(...entries: string[]): ReadonlySet<string> {
  const found = new Set<string>()
  const visit = (file: string): void => {
    const name = relative(HARNESS, file)
    if (found.has(name)) return
    found.add(name)
    for (const [, target = ''] of readFileSync(file, 'utf8').matchAll(IMPORT)) {
      if (target.startsWith('.')) visit(resolve(dirname(file), target))
      else found.add(target)
    }
  }
  for (const entry of entries) visit(resolve(HARNESS, entry))
  return found
}

it('what is loaded into a subject imports node: and own files only', () => {
  const strangers = [...graph('ledger/ledger.ts', 'probes/pools.ts')].filter(
    (name) => !name.startsWith('node:') && !/^(ledger|probes|model)\//.test(name),
  )
  expect(strangers).toEqual([])
})

it('the public door loads neither undici nor testcontainers nor koffi by itself', () => {
  const loaded = graph('index.ts')
  expect(loaded).toContain('session/find-leaks.ts')
  expect([...loaded].filter((name) => /^(undici|testcontainers|koffi|@aws-sdk)/.test(name))).toEqual([])
})

it('the child of a run loads nothing that looks at it from outside', () => {
  const loaded = graph('subjects/child-host.ts')
  expect(loaded).toContain('ledger/ledger.ts')
  expect([...loaded].filter((name) => /^(probes\/kernel|diagnosis|limits|session)\//.test(name))).toEqual([])
})

/** Really loads `entry` and counts: modules of each package, whoever asked for them. */
function weights(entry: string): Readonly<Record<string, number>> {
  const program = `
    import { registerHooks } from 'node:module'
    const counts = {}
    registerHooks({
      load(url, context, next) {
        const name = url.split('/node_modules/')[1]?.match(/^(@[^/]+.)?[^/]+/)[0]
        if (name !== undefined) counts[name] = (counts[name] ?? 0) + 1
        return next(url, context)
      },
    })
    await import(${JSON.stringify(resolve(HARNESS, entry))})
    process.stdout.write(JSON.stringify(counts))`
  return JSON.parse(execFileSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' }))
}

// 5: a package of 95 modules once cost every child of a suite 80 ms of CPU before its work (docs/decisions/0013).
it.each(['index.ts', '../fixtures/s3-backend/index.ts'])('%s loads no package of more than 5 modules', (entry) => {
  const loaded = weights(entry)
  expect(loaded).toHaveProperty('valibot')
  expect(Object.entries(loaded).filter(([, modules]) => modules > 5)).toEqual([])
})
