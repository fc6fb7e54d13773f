import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { describe, expect, test } from 'vitest'
import { fakeRun } from '../harness/doors/cli/fake-world.ts'
import type { ScenarioRun } from '../harness/model/run-record.ts'
import { liveProcess } from '../harness/subjects/run-id.ts'
import { startBurners } from './burners.ts'
import { differences } from './soak-differences.ts'
import { isSteady, roundText, soakMarkdown } from './soak-report.ts'

const finding = (changes: Partial<ScenarioRun['findings'][number]> = {}): ScenarioRun['findings'][number] => ({
  code: 'UNREAD_BODY',
  severity: 'leak',
  count: 25,
  origin: 'http://127.0.0.1:9000',
  request: null,
  openedAt: { file: 'scenarios/a.ts', line: 41, column: 5, function: 'copyAll' },
  lastTouchedAt: null,
  summary: '25 response bodies were never read or released',
  evidence: [],
  advice: 'read it',
  fingerprint: 'f',
  ...changes,
})
const leaked = (changes: Partial<ScenarioRun> = {}): ScenarioRun =>
  fakeRun({ variant: 'leaky', verdict: 'leaked', expected: { verdict: 'leaked' }, findings: [finding()], blockedAtRequest: 26, ...changes })
const told = (first: readonly ScenarioRun[], now: readonly ScenarioRun[]): readonly string[] =>
  differences(2, now, first).map(({ name, kind, says }) => `${kind}: ${name}: ${says}`)
const NAME = 'article-batch-copy (leaky) on embedded'

describe('a round of a soak', () => {
  test('may cost another number of connections', () => {
    const churn = (count: number) => leaked({ findings: [finding(), finding({ code: 'CONNECTION_CHURN', severity: 'churn', count })] })
    expect(told([churn(39)], [churn(38)])).toEqual([])
    expect(told([churn(39)], [leaked()])).toHaveLength(1)
  })

  test('differs in nothing when it says what the first one said', () => {
    const slower = { durationMs: 9_000, latencyMs: null, findings: [finding({ origin: 'http://127.0.0.1:9999', evidence: [] })] }
    expect(told([leaked(), fakeRun()], [fakeRun(), leaked(slower)])).toEqual([])
  })

  test.each<[string, Partial<ScenarioRun>, string]>([
    ['verdict', { verdict: 'inconclusive' }, `verdict: ${NAME}: leaked in round 1, inconclusive now`],
    [
      'codes',
      { findings: [finding(), finding({ code: 'WORK_HUNG' })] },
      `codes: ${NAME}: UNREAD_BODY in round 1, UNREAD_BODY, WORK_HUNG now`,
    ],
    ['lines', { findings: [finding({ openedAt: null })] }, `lines: ${NAME}: UNREAD_BODY at scenarios/a.ts:41 in round 1, UNREAD_BODY now`],
    [
      'counts',
      { findings: [finding({ count: 24 })] },
      `counts: ${NAME}: UNREAD_BODY at scenarios/a.ts:41 x25, blocked at request 26 in round 1, UNREAD_BODY at scenarios/a.ts:41 x24, blocked at request 26 now`,
    ],
    [
      'the request it blocks at',
      { blockedAtRequest: null },
      `counts: ${NAME}: UNREAD_BODY at scenarios/a.ts:41 x25, blocked at request 26 in round 1, UNREAD_BODY at scenarios/a.ts:41 x25, nothing blocked now`,
    ],
  ])('differs in its %s', (_what, changes, says) => {
    expect(told([leaked()], [leaked(changes)])).toEqual([says])
  })

  test('differs from what is declared, even when the first one did so, too', () => {
    const wrong = leaked({ asExpected: false, notes: ['declared clean, judged leaked'] })
    expect(told([wrong], [wrong])).toEqual([`declared: ${NAME}: declared clean, judged leaked`])
  })

  test('differs by a run too few, and by one too many', () => {
    expect(told([leaked()], [])).toEqual([`missing: ${NAME}: was judged in round 1 and is not here`])
    expect(told([], [leaked()])).toEqual([`missing: ${NAME}: is here and was not judged in round 1`])
  })
})

describe('the report of a soak', () => {
  const round = { round: 1, runs: 2, asExpected: 2, differences: 0, wallMs: 61_000, load: 5.08, failure: null }
  const whole = {
    schema: 'watertight/soak@1',
    environment: { node: 'v24.21.0', platform: 'linux x64', cpus: 2, burners: 2 },
    asked: 2,
  } as const
  const none = (): null => null

  test('says that nothing differs', () => {
    const record = { ...whole, rounds: [round, { ...round, round: 2 }], differences: [] }
    expect(isSteady(record)).toBe(true)
    expect(roundText(round, 20)).toBe('round 1 of 20: 2 of 2 runs as expected, no difference, 1 m 1.0 s, load 5.1')
    expect(soakMarkdown(record, none)).toMatchInlineSnapshot(`
      "# Soak

      2 of 2 rounds, 4 runs: **not one verdict differs**.

      Node v24.21.0, linux x64, 2 cores, 2 processes keep them busy.

      | round | runs | as expected | differences | time | load |
      | ----: | ---: | ----------: | ----------: | ---: | ---: |
      | 1 | 2 | 2 | 0 | 1 m 1.0 s | 5.1 |
      | 2 | 2 | 2 | 0 | 1 m 1.0 s | 5.1 |
      "
    `)
  })

  test('shows both records of what differs', () => {
    const found = differences(2, [leaked({ findings: [finding({ count: 24 })] })], [leaked()])
    const text = soakMarkdown({ ...whole, rounds: [round], differences: found }, none)
    expect(text).toContain('1 of 2 rounds, 2 runs: **1 verdict differs**.')
    expect(text).toMatch(/## counts\n\n```\narticle-batch-copy \(leaky\) on embedded, round 2, counts: /)
    expect(text).toMatch(/--- round 1\n.*\n\n {2}UNREAD_BODY {2}x25/)
    expect(text).toMatch(/--- round 2\n.*\n\n {2}UNREAD_BODY {2}x24/)
  })

  test('does not call a soak steady of which a round could not be judged, or none was', () => {
    expect(isSteady({ rounds: [{ ...round, failure: 'NOT JUDGED' }], differences: [] })).toBe(false)
    expect(isSteady({ rounds: [], differences: [] })).toBe(false)
  })
})

describe('what keeps the cores busy', () => {
  test('is gone when it is disposed', async () => {
    const burners = await startBurners(2)
    expect(burners.pids.map((pid) => liveProcess(pid)?.parent)).toEqual([process.pid, process.pid])
    await burners[Symbol.asyncDispose]()
    expect(burners.pids.map(liveProcess)).toEqual([null, null])
  })

  test('ends by itself when who started it is killed', async () => {
    const starter = spawn(
      process.execPath,
      [
        '-e',
        `import('${new URL('burners.ts', import.meta.url).href}').then(async ({ startBurners }) => { const { pids } = await startBurners(1); console.error(pids[0]); setInterval(() => {}, 1000) })`,
      ],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    )
    const pid = await burnerOf(starter)
    expect(liveProcess(pid)).not.toBeNull()
    starter.kill('SIGKILL')
    // It holds the starter's stdout: the pipe ends with the last of the two, and not before.
    expect(await text(starter.stdout as NodeJS.ReadableStream & AsyncIterable<string>)).toBe('')
  })
})

async function burnerOf(starter: ChildProcess): Promise<number> {
  const [line] = (await once(starter.stderr as NodeJS.ReadableStream, 'data')) as [Buffer]
  return Number(line.toString())
}
