import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Ajv2020 } from 'ajv/dist/2020.js'
import * as v from 'valibot'
import { beforeAll, describe, expect, test } from 'vitest'
import { renderJson } from '../json.ts'
import { SCHEMA_DOCUMENTS } from './documents.ts'
import { LIST_SCHEMA } from './list-schema.ts'
import { RUN_SCHEMA } from './run-schema.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const PACKAGE = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8'))

/** The document a package's user gets by this name. */
function published(name: './schema/run.json' | './schema/list.json'): object {
  return JSON.parse(readFileSync(new URL(PACKAGE.exports[name], `file://${ROOT}`), 'utf8'))
}

/** Complaints of an independent validator; empty: none. */
function complaints(name: './schema/run.json' | './schema/list.json', document: unknown): readonly string[] {
  const validate = new Ajv2020({ strict: true, allErrors: true, allowUnionTypes: true }).compile(published(name))
  validate(document)
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`)
}

/** Runs the command line as a user does. What it exits with does not matter here: a surprise is described as well. */
async function printed(...words: readonly string[]): Promise<unknown> {
  const options = { cwd: ROOT, maxBuffer: 100_000_000 }
  const stdout = await new Promise<string>((resolve) => {
    execFile(process.execPath, ['harness/doors/cli/bin.ts', ...words], options, (_error, text) => resolve(text))
  })
  return JSON.parse(stdout)
}

describe('the published schemas', () => {
  test.each(Object.entries(SCHEMA_DOCUMENTS))('%s is what the types say (if not: npm run schema)', (name, document) => {
    expect(JSON.parse(readFileSync(new URL(name, import.meta.url), 'utf8'))).toEqual(JSON.parse(JSON.stringify(document)))
  })

  test('are part of the package', () => {
    expect(PACKAGE.files).toContain('reports/schema/*.schema.json')
  })
})

describe('watertight/run@1', () => {
  const sample = JSON.parse(renderJson(JSON.parse(readFileSync(new URL('../article-record.json', import.meta.url), 'utf8'))))
  let real: unknown

  beforeAll(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'watertight-schema-'))
    const hasty = ['--backend', 'embedded', '--idle-timeout', '300ms', '--output', folder, '--json']
    real = await printed('run', 'hang-versus-leak', ...hasty).finally(() => rmSync(folder, { recursive: true }))
  })

  test('describes the sample of the contract, and every field of it', () => {
    expect(complaints('./schema/run.json', sample)).toEqual([])
    expect(v.parse(RUN_SCHEMA, sample)).toEqual(sample)
  })

  test('describes what a run really prints, and every field of it', () => {
    expect(complaints('./schema/run.json', real)).toEqual([])
    expect(v.parse(RUN_SCHEMA, real)).toEqual(real)
  })

  test('complains about a missing field, an unknown code and a verdict that is none', () => {
    const [run] = sample.runs
    const { notes: _left, ...rest } = run
    const bad = { ...sample, runs: [{ ...rest, verdict: 'fine', findings: [{ ...run.findings[0], code: 'LEAK' }] }] }
    expect(complaints('./schema/run.json', bad)).toEqual([
      "/runs/0 must have required property 'notes'",
      '/runs/0/verdict must be equal to one of the allowed values',
      '/runs/0/findings/0/code must be equal to one of the allowed values',
    ])
  })

  test('lets a field pass that a later version adds', () => {
    expect(complaints('./schema/run.json', { ...sample, added: 1 })).toEqual([])
  })
})

describe('watertight/list@1', () => {
  test('describes what list really prints, and every field of it', async () => {
    const real = await printed('list', '--json')
    expect(complaints('./schema/list.json', real)).toEqual([])
    expect(v.parse(LIST_SCHEMA, real)).toEqual(real)
  })
})
