import { stripVTControlCharacters } from 'node:util'
import { describe, expect, test } from 'vitest'
import type { RunKey, SuiteEvent } from '../../model/scenario.ts'
import { fakeOutput, fakeRun, MINIO_SKIPPED } from './fake-world.ts'
import { createProgress } from './progress.ts'

const KEY: RunKey = { scenario: 'article-batch-copy', case: null, variant: 'fixed', backend: 'embedded' }
const EVENTS: readonly SuiteEvent[] = [
  { type: 'planned', runs: [KEY, { ...KEY, backend: 'minio' }] },
  { type: 'phase', key: { ...KEY, backend: 'minio' }, phase: 'backend', detail: 'pulling image\u001b[2J' },
  { type: 'phase', key: { ...KEY, backend: 'minio' }, phase: 'backend', detail: 'pulling image\u001b[2J' },
  { type: 'phase', key: KEY, phase: 'waiting', detail: null },
  { type: 'phase', key: KEY, phase: 'quiesce', detail: null },
  { type: 'skipped', skipped: MINIO_SKIPPED },
  { type: 'judged', key: KEY, run: fakeRun() },
]
const JUDGED = '[1/2] clean  article-batch-copy (fixed) on embedded  back at the baseline in 40 ms; as expected, 210 ms'
const NOT_RUN = 'not run  article-batch-copy (fixed) on minio  no container engine'

describe('progress', () => {
  test.each([
    ['in a pipe', null, {}],
    ['in CI, even on a terminal', { isTTY: true, columns: 120 }, { CI: 'true', NO_COLOR: '1' }],
    ['on a terminal that does not know its size', { isTTY: true, columns: 0 }, { NO_COLOR: '1' }],
    ['on a dumb terminal', { isTTY: true, columns: 120 }, { TERM: 'dumb' }],
  ] as const)('%s is a line for the plan and for every run that is done, and one for what takes long', async (_where, terminal, env) => {
    const stderr = fakeOutput(terminal)
    const progress = await createProgress({ stderr, env })
    for (const event of EVENTS) progress.onEvent(event)
    progress.stop()
    expect(stderr.text().split('\n')).toEqual(['2 runs of 1 scenario on embedded, minio', 'pulling image\\u001b[2J', NOT_RUN, JUDGED, ''])
  })

  test('on a terminal also shows what is under way, and takes that away at the end', async () => {
    const stderr = fakeOutput({ isTTY: true, columns: 200 })
    const progress = await createProgress({ stderr, env: { TERM: 'xterm' } })
    for (const event of EVENTS.slice(0, 5)) progress.onEvent(event)
    const live = stripVTControlCharacters(stderr.text())
    expect(live).toMatch(/quiesce {2}article-batch-copy \(fixed\) on embedded/)
    expect(live).toMatch(/backend {2}article-batch-copy \(fixed\) on minio {2}\d+ ms {2}pulling image/)
    expect(live).toContain('0 of 2 judged, 1 waiting for a lane')
    for (const event of EVENTS.slice(5)) progress.onEvent(event)
    expect(stripVTControlCharacters(stderr.text())).toContain(JUDGED)
    const before = stderr.text().length
    progress.stop()
    const last = stderr.text().slice(before)
    expect(last).toContain('\u001b[2K')
    expect(stripVTControlCharacters(last)).toBe('')
  })
})
