import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { renderJson } from '../../../reports/json.ts'
import type { Finding } from '../../model/finding.ts'
import type { RunRecord, ScenarioRun } from '../../model/run-record.ts'
import { newRunId } from '../../subjects/run-id.ts'
import { fakeRecord, fakeRun, invoke, MINIO_SKIPPED } from './fake-world.ts'
import { startJournal } from './journal.ts'
import { openOutputFolder } from './output-folder.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'watertight-report-test-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
})

function save(name: string, record: RunRecord | string): string {
  const file = join(folder, name)
  writeFileSync(file, typeof record === 'string' ? record : renderJson(record))
  return file
}

const FINDING: Finding = {
  code: 'UNREAD_BODY',
  severity: 'leak',
  count: 1,
  origin: null,
  request: null,
  openedAt: { file: 'app.js', line: 3, column: 1, function: 'job' },
  lastTouchedAt: null,
  summary: '1 response body was never read or released',
  evidence: [],
  advice: 'read it',
  fingerprint: 'f1',
}
const latencyMs = (p50: number) => ({ p50, p90: p50 * 2, p99: p50 * 4, max: p50 * 5, expectedIntervalMs: null })
const LEAKED: Partial<ScenarioRun> = { verdict: 'leaked', asExpected: false, findings: [FINDING], returnedToBaselineMs: null }

describe('report', () => {
  test('says of a saved run what the run itself said, in every format', async () => {
    const record = fakeRecord([fakeRun({ deadlineMs: Number.POSITIVE_INFINITY })], [MINIO_SKIPPED])
    const file = save('run.json', record)
    const text = await invoke(['report', file])
    expect(text).toMatchObject({ code: 0, stderr: '', files: {} })
    expect(text.stdout).toBe((await invoke(['run'], { record })).stdout.replace(/in \d+ ms ·/, 'in 300 ms ·'))
    const output = join(folder, 'out')
    const { code, stdout, stderr } = await invoke(['report', file, '--json', '--reporter', 'text,json,html,junit', '--output', output])
    expect({ code, stdout }).toEqual({ code: 0, stdout: renderJson(record) })
    expect(stderr).toBe(`report: ${['run.txt', 'run.json', 'run.html', 'junit.xml'].map((name) => join(output, name)).join(', ')}\n`)
    expect(readFileSync(join(output, 'run.json'), 'utf8')).toBe(stdout)
    expect(readFileSync(join(output, 'run.txt'), 'utf8')).toBe(text.stdout)
    expect(readdirSync(output).toSorted()).toEqual(['junit.xml', 'run.html', 'run.json', 'run.txt'])
  })

  test('writes openmetrics, markdown and github; the annotations are printed as well, and not to stdout', async () => {
    const file = save('run.json', fakeRecord([fakeRun(LEAKED)], [MINIO_SKIPPED]))
    const output = join(folder, 'out')
    const { stdout, stderr } = await invoke(['report', file, '--json', '--reporter', 'openmetrics,markdown,github', '--output', output])
    expect(readdirSync(output).toSorted()).toEqual(['annotations.txt', 'run.md', 'run.prom'])
    const annotations = readFileSync(join(output, 'annotations.txt'), 'utf8')
    expect(annotations).toMatch(/^::error file=app.js,line=3,col=1,title=UNREAD_BODY x1 in .*\n::warning title=/)
    expect(stderr).toContain(annotations)
    expect(stdout).not.toContain('::error')
  })

  test('merges shards: scenarios together, what one could not run and another did is judged, machines named', async () => {
    const one = fakeRecord([fakeRun(), fakeRun({ scenario: 'other' })], [MINIO_SKIPPED])
    const two = fakeRecord([fakeRun({ variant: 'leaky' }), fakeRun({ backend: 'minio' })])
    const other = { ...two, environment: { ...two.environment, node: 'v22.20.0', docker: true }, totals: { ...two.totals, wallMs: 900 } }
    const { code, stdout } = await invoke(['report', save('1.json', one), save('2.json', other), '--json'])
    const merged: RunRecord = JSON.parse(stdout)
    expect(code).toBe(0)
    expect(merged.runs.map(({ scenario, variant, backend }) => [scenario, variant, backend].join(' '))).toEqual([
      'article-batch-copy fixed embedded',
      'article-batch-copy leaky embedded',
      'article-batch-copy fixed minio',
      'other fixed embedded',
    ])
    expect(merged).toMatchObject({
      environment: { node: 'v24.21.0, v22.20.0', platform: 'linux x64', docker: true },
      skipped: [],
      totals: { runs: 4, asExpected: 4, skipped: 0, wallMs: 900 },
    })
  })

  test('refuses a run that was judged twice: the later must not hide the earlier', async () => {
    const [one, two] = [save('1.json', fakeRecord([fakeRun(LEAKED)])), save('2.json', fakeRecord([fakeRun()]))]
    const { code, stdout, stderr } = await invoke(['report', one, two])
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' })
    expect(stderr).toBe(
      `watertight: article-batch-copy (fixed) on embedded was judged twice, in ${one} and in ${two}: two verdicts on one run cannot be merged\n` +
        '  remedy: leave one of the two out; to hold one against the other, use --against\n',
    )
  })

  test('makes the report of a journal, and says whether its run was killed or still runs', async () => {
    const runId = newRunId()
    const output = await openOutputFolder(folder, '/', runId)
    const journal = startJournal({ folder: output, runId, cwd: '/', formats: [], onTrouble: expect.unreachable })
    const run = fakeRun()
    journal.add({ type: 'planned', runs: [run, { ...run, variant: 'leaky' }] })
    journal.add({ type: 'judged', run })
    const [name = ''] = readdirSync(folder)
    const running = await invoke(['report', join(folder, name)])
    expect(running.stdout).toMatch(/^STILL RUNNING: 1 of 2 runs were judged\n\nclean /)
    const lines = readFileSync(join(folder, name), 'utf8').replaceAll(runId, '4194305.1.0123456789ab')
    const killed = await invoke(['report', save('killed.ndjson', `${lines}{"atMs":3,"ty`)])
    expect(killed).toMatchObject({ code: 0, stderr: expect.stringContaining('1 of its lines cut off') })
    expect(killed.stdout).toMatch(/^KILLED: 1 of 2 runs were judged\n\nclean /)
    await journal.close('remove')
  })

  test('reads what an earlier version wrote, which lacks the fields that came later', async () => {
    const { case: _none, ...skipped } = MINIO_SKIPPED
    const record = fakeRecord([fakeRun()], [MINIO_SKIPPED])
    const [{ notes: _text, proof: _object, ...run }] = JSON.parse(renderJson(record)).runs
    delete run.recount.byState
    const { lifelines: _list, lifelinesLeftOut: _count, ...timeline } = run.timeline
    const file = save('old.json', JSON.stringify({ ...record, runs: [{ ...run, timeline }], skipped: [skipped] }))
    const { code, stdout } = await invoke(['report', file])
    expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringContaining('minio: 1 of 1 NOT RUN, no container engine') })
    expect(JSON.parse((await invoke(['report', file, '--json'])).stdout).runs[0].recount.byState).toEqual({})
  })

  test.each([
    ['{', /cannot be reported: .*JSON/],
    ['[]', /it has no schema "watertight\/run@1"/],
    ['{"schema":"watertight/run@2"}', /its schema is 'watertight\/run@2', not "watertight\/run@1"/],
    ['{"schema":"watertight/run@1","runs":[{}]}', /reported: tool: .* \(and \d+ more\)\n {2}remedy: it was changed by hand/],
    ['{"schema":"watertight/journal@1"}\n', /cannot be reported: it is no journal of this version/],
  ])('says of %s why it is no saved run', async (text, why) => {
    const { code, stdout, stderr } = await invoke(['report', save('bad.json', text)])
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' })
    expect(stderr).toMatch(why)
  })

  test('says which file is not there, and that one is needed', async () => {
    expect(await invoke(['report', 'run.jsn'])).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('run.jsn cannot be reported: ENOENT'),
    })
    expect(await invoke(['report'])).toMatchObject({ code: 3, stderr: expect.stringContaining("missing required argument 'file'") })
  })
})

describe('report --against', () => {
  const leaky = { variant: 'leaky', verdict: 'leaked', expected: { verdict: 'leaked' } } as const
  const against = (base: readonly ScenarioRun[], now: readonly ScenarioRun[], ...more: readonly string[]) =>
    invoke(['report', save('now.json', fakeRecord(now)), '--against', save('base.json', fakeRecord(base)), ...more])

  test('exits 1 for a run that was as expected and is no more, and names what is new', async () => {
    const { code, stdout } = await against(
      [fakeRun({ latencyMs: latencyMs(2) }), fakeRun(leaky)],
      [fakeRun({ ...LEAKED, latencyMs: latencyMs(3) }), fakeRun(leaky)],
    )
    expect(code).toBe(1)
    expect(stdout.replaceAll(folder, '')).toMatchInlineSnapshot(`
      "1 of 2 runs worse than in /base.json, 0 better

        worse  article-batch-copy (fixed) on embedded: clean, as expected -> leaked, NOT as expected
               new: UNREAD_BODY at app.js:3 in job

      run                                     verdict  back at the baseline  p50 ms              p99 ms
      article-batch-copy (fixed) on embedded  leaked   40 ms -> never        2.0 -> 3.0 (+50 %)  8.0 -> 12.0 (+50 %)
      article-batch-copy (leaky) on embedded  leaked   40 ms -> 40 ms        - -> -              - -> -
      times are told, not judged
      "
    `)
  })

  test('exits 0 when nothing is worse, whatever the times and the declared leaks', async () => {
    const slower = fakeRun({ returnedToBaselineMs: 5_000, latencyMs: latencyMs(90) })
    const { code, stdout } = await against(
      [fakeRun({ latencyMs: latencyMs(1) }), fakeRun({ ...leaky, ...LEAKED })],
      [slower, fakeRun(leaky)],
    )
    expect(code).toBe(0)
    expect(stdout).toMatch(
      /^0 of 2 runs worse than in .*, 1 better\n\n {2}better {2}article-batch-copy \(leaky\) on embedded: leaked, NOT as expected -> leaked, as expected\n/,
    )
    expect(stdout).toMatch(/40 ms -> 5\.0 s {4,}1\.0 -> 90\.0 \(\+8900 %\)/)
  })

  test('exits 1 for a declared leak that now leaks otherwise, with the same verdict', async () => {
    const otherwise = fakeRun({ ...leaky, asExpected: false, findings: [FINDING] })
    const { code, stdout } = await against([fakeRun(leaky)], [otherwise])
    expect({ code, stdout }).toMatchObject({ code: 1, stdout: expect.stringContaining('leaked, as expected -> leaked, NOT as expected\n') })
  })

  test('exits 1 for a worse verdict of a run without a declaration, 2 for one that is missing', async () => {
    const program = { variant: null, expected: null, backend: null } as const
    expect((await against([fakeRun(program)], [fakeRun({ ...program, ...LEAKED })])).code).toBe(1)
    const { code, stdout } = await against([fakeRun(), fakeRun(leaky)], [fakeRun(), fakeRun({ scenario: 'new' })])
    expect(code).toBe(2)
    expect(stdout).toContain(
      'judged then and NOT NOW: article-batch-copy (leaky) on embedded\n\njudged for the first time: new (fixed) on embedded\n',
    )
  })

  test('with --json prints the record on stdout and what changed on stderr', async () => {
    const { code, stdout, stderr } = await against([fakeRun()], [fakeRun(LEAKED)], '--json')
    expect(code).toBe(1)
    expect(JSON.parse(stdout)).toMatchObject({ schema: 'watertight/run@1', totals: { runs: 1 } })
    expect(stderr).toMatch(/^1 of 1 run worse than in /)
  })
})
