import { describe, expect, test } from 'vitest'
import type { OwnScenarios } from '../../scenario/discover.ts'
import { fakeScenario, invoke } from './fake-world.ts'

const configured = (config: object) => ({ 'watertight.config.mjs': `export default ${JSON.stringify(config)}` })

describe('a run with a configuration', () => {
  const CONFIG = { iterations: 3, workTimeoutMs: 5_000, backend: 'embedded', reporters: ['json'], output: 'out' }

  test('does what it says', async () => {
    const { request, files, code } = await invoke(['run'], { files: configured(CONFIG) })
    expect(code).toBe(0)
    expect(request).toMatchObject({ iterations: 3, workTimeoutMs: 5_000, backends: ['embedded'] })
    expect(Object.keys(files)).toEqual(['out/run.json', 'watertight.config.mjs'])
  })

  test('does what the command line says where both speak', async () => {
    const words = ['--iterations', '2', '--work-timeout', '7s', '--backend', 'minio', '--reporter', 'text', '--output', 'other']
    const { request, files } = await invoke(['run', ...words], { files: configured(CONFIG) })
    expect(request).toMatchObject({ iterations: 2, workTimeoutMs: 7_000, backends: ['minio'] })
    expect(Object.keys(files)).toEqual(['other/run.txt', 'watertight.config.mjs'])
  })

  test('reads the one that --config names instead', async () => {
    const files = { ...configured({ iterations: 3 }), 'strict.mjs': 'export default { iterations: 9 }' }
    expect((await invoke(['run', '--config', 'strict.mjs'], { files })).request).toMatchObject({ iterations: 9 })
  })

  test('fails for a required backend as if it had been asked for', async () => {
    const { code, stderr } = await invoke(['run'], { files: configured({ backend: 'embedded', require: ['minio'] }) })
    expect(code).toBe(3)
    expect(stderr).toContain('--require minio cannot be met')
  })

  test('runs nothing when one field is wrong, names every mistake and exits 3', async () => {
    const { code, stdout, stderr, request, files } = await invoke(['run'], {
      files: configured({ ...CONFIG, iterations: 0, idleTimeout: 6 }),
    })
    expect({ code, stdout, request }).toEqual({ code: 3, stdout: '', request: null })
    expect(Object.keys(files)).toEqual(['watertight.config.mjs'])
    expect(stderr).toMatchInlineSnapshot(`
      "watertight: watertight.config.mjs: \`iterations\` is 0: it takes a whole number from 1 to 1000
        watertight.config.mjs: \`idleTimeout\` is not a field; did you mean \`idleTimeoutMs\`?
        remedy: nothing was run; docs/guides/config.md has every field
      "
    `)
  })
})

describe('scenarios of the user', () => {
  const OURS = fakeScenario('article-batch-copy')
  const THEIRS = fakeScenario('checkout', [])
  const judging = { idleTimeoutMs: 2_000, allow: [{ origin: 'http://127.0.0.1:9464', because: 'the metrics exporter' }] }
  const files = configured({ scenarios: 'load', level: 'full', ...judging })

  const asked = async (...words: readonly string[]) => {
    let own: OwnScenarios | null = null
    const discover = async (given: OwnScenarios | null) => {
      own = given
      return [
        { scenario: OURS, file: '/ours.ts' },
        { scenario: THEIRS, file: '/theirs.ts', own: judging },
      ]
    }
    const answer = await invoke(words, { files, dependencies: { discover } })
    return { ...answer, own, names: answer.request?.scenarios.map(({ scenario }) => scenario.name) }
  }

  test('are looked for where the configuration says, and judged as it says', async () => {
    const { own } = await asked('list')
    const file = 'watertight.config.mjs'
    expect(own).toEqual({
      patterns: ['load'],
      folder: expect.stringContaining('watertight-cli-'),
      file,
      judging: { level: 'full', ...judging },
    })
  })

  test('are what a run without names is about', async () => {
    expect((await asked('run')).names).toEqual(['checkout'])
  })

  test('leave ours to be run by name', async () => {
    expect((await asked('run', 'article-batch-copy')).names).toEqual(['article-batch-copy'])
    expect((await asked('run', 'article-batch-copy', 'checkout')).names).toEqual(['article-batch-copy', 'checkout'])
  })
})

describe('exec with a configuration', () => {
  const because = 'lives as long as the process'
  const files = configured({ idleTimeoutMs: 2_000, allow: [{ code: 'TIMER_LEFT', because }], budget: { sockets: 2 } })

  const asked = async (...words: readonly string[]): Promise<unknown> => {
    let request: unknown = null
    const exec = async (given: unknown): Promise<never> => {
      request = given
      throw new Error('enough seen')
    }
    await invoke(['exec', ...words, '--', 'node', 'app.js'], { files, dependencies: { exec } })
    return request
  }

  test('lets stay what it allows, for the reason it gives', async () => {
    const allow = [{ code: 'TIMER_LEFT', because }]
    expect(await asked()).toMatchObject({ idleTimeoutMs: 2_000, allow, budget: { sockets: 2 } })
  })

  test('takes the word of the command line before that of the file', async () => {
    expect(await asked('--idle-timeout', '9s')).toMatchObject({ idleTimeoutMs: 9_000 })
  })
})
