import { describe, expect, test } from 'vitest'
import type { Variants } from '../../model/scenario.ts'
import { fakeScenario, invoke } from './fake-world.ts'

const work = async (): Promise<void> => {}
const small: Variants = { leaky: { work, expects: { verdict: 'clean' } } }
const large: Variants = { leaky: { work, expects: { verdict: 'leaked', codes: ['UNREAD_BODY'], blockedAtRequest: 26 } } }
const SCENARIOS = [
  fakeScenario('article-batch-copy'),
  fakeScenario('timers-workers-watchers', []),
  fakeScenario('undici-small-body', ['embedded'], { '65535': small, '65536': large }),
]

describe('list', () => {
  test('is a table', async () => {
    expect(await invoke(['list'], { scenarios: SCENARIOS })).toMatchObject({ code: 0, stderr: '' })
    expect((await invoke(['list'], { scenarios: SCENARIOS })).stdout).toMatchInlineSnapshot(`
      "scenario                 layer    client   backends         shows
      article-batch-copy       backend  aws-sdk  embedded, minio  what article-batch-copy shows
      timers-workers-watchers  backend  aws-sdk  -                what timers-workers-watchers shows
      undici-small-body        backend  aws-sdk  embedded         what undici-small-body shows
      "
    `)
  })

  test('is watertight/list@1 with --json: the variants of the first case, and all cases when there are several', async () => {
    const { code, stdout } = await invoke(['list', '--json'], { scenarios: SCENARIOS })
    expect(code).toBe(0)
    const clean = { verdict: 'clean', codes: [], blockedAtRequest: null }
    const { schema, scenarios } = JSON.parse(stdout)
    expect(schema).toBe('watertight/list@1')
    expect(scenarios[0]).toEqual({
      name: 'article-batch-copy',
      layer: 'backend',
      client: 'aws-sdk',
      shows: 'what article-batch-copy shows',
      backends: ['embedded', 'minio'],
      variants: {
        leaky: { expects: { verdict: 'leaked', codes: ['UNREAD_BODY', 'POOL_STARVED'], blockedAtRequest: 26 } },
        fixed: { expects: clean },
      },
    })
    expect(scenarios[1].backends).toEqual([])
    expect(scenarios[2]).toMatchObject({
      variants: { leaky: { expects: clean }, fixed: null },
      cases: {
        '65535': { leaky: { expects: clean }, fixed: null },
        '65536': { leaky: { expects: { verdict: 'leaked', codes: ['UNREAD_BODY'], blockedAtRequest: 26 } }, fixed: null },
      },
    })
  })
})
