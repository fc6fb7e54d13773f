import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { HarnessError } from '../model/errors.ts'
import type { Scenario } from '../model/scenario.ts'
import { discoverScenarios } from './discover.ts'
import { runScenario } from './run-scenario.ts'

const DOOR = pathToFileURL(join(import.meta.dirname, '../index.ts')).href
let folder: string
let scenario: Scenario
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'watertight-run-scenario-test-'))
  mkdirSync(join(folder, 'process'))
  writeFileSync(
    join(folder, 'process', 'nothing.ts'),
    `import { defineScenario } from '${DOOR}'\nexport default defineScenario({ name: 'nothing', work: async () => {} })`,
  )
  const [loaded] = await discoverScenarios(folder)
  if (loaded === undefined) throw new Error('no scenario was found')
  scenario = loaded.scenario
})
afterAll(() => rmSync(folder, { recursive: true }))

/** Whoever writes JavaScript may call it with anything. */
async function refusal(...given: readonly unknown[]): Promise<string> {
  const error: unknown = await runScenario(...(given as unknown as Parameters<typeof runScenario>)).catch((reason: unknown) => reason)
  if (!(error instanceof HarnessError)) throw new Error('it was not refused', { cause: error })
  return `${error.code} ${error.message}`
}

describe('a run of one scenario', () => {
  test.each([
    [[], 'INVALID_SCENARIO runScenario got undefined for its scenario\n  remedy: it takes what defineScenario returns'],
    [[{}], 'INVALID_SCENARIO runScenario got {} for its scenario'],
    [[{ name: 'job', work: async () => {} }], "INVALID_SCENARIO runScenario got { name: 'job', work: [AsyncFunction: work] } for its "],
  ])('is not begun of what is no scenario: %#', async (given, words) => {
    expect(await refusal(...given)).toContain(words)
  })

  test.each([
    [{ variannt: 'fixed' }, '`variannt` is not a field; did you mean `variant`?'],
    [{ variant: 'broken' }, "`variant` is 'broken': it takes 'leaky' or 'fixed'"],
    [{ backend: 7 }, "`backend` is 7: it takes 'embedded', 'minio', "],
    [{ iterations: 0 }, '`iterations` is 0: it takes a whole number from 1 to 100000'],
    [{ timeout: 5 }, '`timeout` is not a field; did you mean `workTimeoutMs`?'],
    [{ signal: {} }, '`signal` is {}: it takes an AbortSignal'],
    ['fixed', "`options` is 'fixed': it takes an object with variant, "],
  ])('is not begun with %j for its options', async (options, words) => {
    expect(await refusal(scenario, options)).toMatch(/^INVALID_OPTION invalid option: /)
    expect(await refusal(scenario, options)).toContain(words)
  })

  test('has all fields of what was expected, as the JSON document has', async () => {
    const { verdict, expected } = await runScenario(scenario)
    expect({ verdict, expected }).toEqual({ verdict: 'clean', expected: { verdict: 'clean', codes: [], blockedAtRequest: null } })
  })
})
