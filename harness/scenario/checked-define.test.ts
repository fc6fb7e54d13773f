import { describe, expect, test } from 'vitest'
import { defineScenario } from './checked-define.ts'
import type { ScenarioDefinition } from './define.ts'

const work = async (): Promise<void> => {}
const expects = { verdict: 'clean' } as const

const said = (definition: unknown): string => {
  try {
    defineScenario(definition as ScenarioDefinition)
    return 'nothing'
  } catch (error) {
    return (error as Error).message
  }
}
const saidOf = (leaky: object): string => said({ name: 'x', leaky })

describe('a scenario', () => {
  test('that is valid is taken, whichever way its work is told', () => {
    const load = { path: '/', connections: 1, amount: 1 }
    const set = { client: { profile: 'undici', options: { connections: 3 } } }
    for (const how of [{ work }, { serve: work, load }, { program: work }]) expect(saidOf({ ...how, expects, set })).toBe('nothing')
    expect(said({ name: 'x', cases: { '65535': { fixed: { work, expects } } } })).toBe('nothing')
  })

  test.each([
    [{ name: 'No Name' }, "`name` is 'No Name': a name is lower case letters, digits and dashes"],
    [{}, '`name` is missing: it takes a text'],
    [{ name: 'x', layr: 'server' }, '`layr` is not a field; did you mean `layer`?'],
    [{ name: 'x', layer: 'cellar' }, "`layer` is 'cellar': it takes 'backend', 'intra', 'server', 'process' or 'faults'"],
    [{ name: 'x', limits: 'undci' }, "`limits` is 'undci': did you mean 'undici'?"],
    [{ name: 'x', idleTimeoutMs: Number.POSITIVE_INFINITY }, '`idleTimeoutMs` is Infinity: it takes a number from 1 on'],
    [{ name: 'x', descriptorLimit: 25 }, '`descriptorLimit` is 25: it takes a whole number from 40 to 1048576'],
    [{ name: 'x', backend: 'minio' }, "`backend` is 'minio': it takes a backend, such as s3Backend("],
    [{ name: 'x', work: 'GET /' }, "`work` is 'GET /': it takes a function"],
    [{ name: 'x', cases: [] }, '`cases` is []: it takes an object, each an object with leaky and fixed'],
    [{ name: 'x', cases: { '': {} } }, '`cases.` is {}: a case needs a name'],
    [{ name: 'x', cases: { big: { fixde: {} } } }, '`cases.big.fixde` is not a field; did you mean `fixed`?'],
    [null, 'it is null: it takes an object with name, '],
  ])('%j is refused with the field and what it takes', (definition, words) => {
    expect(said(definition)).toContain(` is not valid: ${words}`)
  })

  test.each([
    [{ expects }, "`leaky` is { expects: { verdict: 'clean' } }: it takes one of work, serve and program"],
    [{ work, program: work, expects }, 'it takes one of work, serve and program'],
    [{ serve: work, expects }, 'serve and load go together'],
    [{ work, load: { path: '/', connections: 1, amount: 1 }, expects }, 'serve and load go together'],
    [
      { serve: work, load: { path: '/', connections: 0, amount: 1 }, expects },
      '`leaky.load.connections` is 0: it takes a whole number from 1 on',
    ],
    [
      { work, expects: { verdict: 'leeked' } },
      "`leaky.expects.verdict` is 'leeked': it takes 'clean', 'leaked', 'misconfigured' or 'inconclusive'",
    ],
    [{ work }, '`leaky.expects` is missing: it takes an object with verdict, codes, blockedAtRequest and connectionsAtMost'],
    [
      { work, expects, set: { client: { profile: 'undici', options: { a: null } } } },
      '`leaky.set.client.options.a` is null: it takes a text, a number or true or false',
    ],
  ])('a variant %j is refused with the field and what it takes', (variant, words) => {
    expect(saidOf(variant)).toContain(words)
  })

  test('without work is refused', () => {
    expect(said({ name: 'x' })).toContain('scenario x has no work')
  })

  test.each([
    [{ work, fixed: { work, expects } }, 'has both `work` and `fixed`'],
    [{ cases: { big: { fixed: { work, expects } } }, work }, 'has both `cases` and `work`'],
    [{ cases: { big: { fixed: { work, expects } } }, leaky: { work, expects } }, 'has both `cases` and `leaky`'],
  ])('of which a part would be lost is refused: %j', (definition, words) => {
    expect(said({ name: 'x', ...definition })).toContain(words)
  })

  test('may have its fixed variant in short beside a leaky one', () => {
    expect(said({ name: 'x', work, leaky: { work, expects } })).toBe('nothing')
  })
})
