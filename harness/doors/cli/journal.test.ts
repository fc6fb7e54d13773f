import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { recordOf } from '../../scenario/journal-record.ts'
import { newRunId } from '../../subjects/run-id.ts'
import { fakeRun, invoke } from './fake-world.ts'
import { type Journal, startJournal } from './journal.ts'
import { parseJournal } from './journal-text.ts'
import { reportLeftJournals } from './left-journals.ts'
import { type OutputFolder, openOutputFolder } from './output-folder.ts'

const KEY = { scenario: 'article-batch-copy', case: null, variant: 'fixed', backend: 'embedded' } as const
const ENVIRONMENT = { node: 'v24.21.0', platform: 'linux x64', docker: false, contended: false }
/** Its pid is above what Linux gives out (4,194,304 at most), so its runner is dead wherever this runs. */
const DEAD = '4194305.1.0123456789ab'
const CAUGHT = 'killed: 1 of 2 runs were judged'

function temporaryFolder(): string {
  const path = mkdtempSync(join(tmpdir(), 'watertight-journal-test-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}

interface Started {
  readonly journal: Journal
  readonly folder: OutputFolder
  readonly troubles: readonly string[]
  readonly path: string
}

async function started(runId = newRunId()): Promise<Started> {
  const folder = await openOutputFolder(temporaryFolder(), '/', runId)
  const troubles: string[] = []
  const journal = startJournal({ folder, runId, cwd: '/', formats: ['text', 'json'], onTrouble: (message) => troubles.push(message) })
  return { journal, folder, troubles, path: join(folder.path, `journal-${runId}.ndjson`) }
}

/** One of two runs is judged, and no more happens. */
function judgeOne({ journal }: Started): void {
  journal.add({ type: 'begun', tool: { version: '0.1.0' }, environment: ENVIRONMENT })
  journal.add({ type: 'planned', runs: [KEY, { ...KEY, variant: 'leaky' }] })
  journal.add({ type: 'judged', run: fakeRun({ deadlineMs: Number.POSITIVE_INFINITY }) })
}

describe('the journal', () => {
  test('has what was judged on disk at once, and the same in memory', async () => {
    const each = await started()
    judgeOne(each)
    const { head, entries, broken } = parseJournal(readFileSync(each.path, 'utf8'))
    expect({ head, broken }).toMatchObject({ head: { cwd: '/', formats: ['text', 'json'] }, broken: 0 })
    expect(entries).toEqual(each.journal.entries())
    expect(recordOf(entries, 'killed')).toMatchObject({
      environment: ENVIRONMENT,
      runs: [{ verdict: 'clean', deadlineMs: Number.POSITIVE_INFINITY }],
      skipped: [{ variant: 'leaky', reason: CAUGHT }],
      totals: { runs: 1, asExpected: 1, skipped: 1 },
    })
    await each.journal.close('keep')
  })

  test('loses no more than the line a crash cut off', async () => {
    const each = await started()
    judgeOne(each)
    appendFileSync(each.path, '{"atMs":9,"type":"judged","run":{"scen')
    const { entries, broken } = parseJournal(readFileSync(each.path, 'utf8'))
    expect({ broken, entries }).toEqual({ broken: 1, entries: each.journal.entries() })
    await each.journal.close('remove')
    expect(readdirSync(each.folder.path)).toEqual([])
  })

  test('keeps in memory what the disk refuses, says so once, and writes it when the disk takes it again', async () => {
    const each = await started()
    rmSync(each.folder.path, { recursive: true })
    judgeOne(each)
    expect(each.troubles).toEqual([expect.stringContaining('ENOENT')])
    expect(each.journal.file()).toBeNull()
    mkdirSync(each.folder.path)
    each.journal.add({ type: 'ended', stopped: null })
    expect(each.journal.file()).toMatchObject({ isComplete: true })
    expect(parseJournal(readFileSync(each.path, 'utf8')).entries).toEqual(each.journal.entries())
    await each.journal.close('remove')
  })

  test('does not write into what somebody else put in its place', async () => {
    const runId = newRunId()
    const each = await started(runId)
    writeFileSync(each.path, 'precious')
    judgeOne(each)
    await each.journal.close('remove')
    expect(readFileSync(each.path, 'utf8')).toBe('precious')
    expect(each.journal.entries()).toHaveLength(3)
  })
})

describe('the journal of a killed run', () => {
  test('becomes its report at the next start, under a name of its own', async () => {
    const each = await started(DEAD)
    judgeOne(each)
    await each.journal.close('keep')
    writeFileSync(join(each.folder.path, `.run.json.${DEAD}.00000000-0000-4000-8000-000000000000.tmp`), 'half')
    const { code, stderr } = await invoke(['run', '--output', each.folder.path])
    expect(code).toBe(0)
    expect(stderr).toMatch(/^a killed run, begun \S+Z, had judged 1 of 2: \S+\/run-\d{8}T\d{6}-6789ab\.txt, \S+\.json\n/)
    const names = readdirSync(each.folder.path)
    expect(names.filter((name) => !name.startsWith('run.'))).toEqual([
      expect.stringMatching(/^run-.*\.json$/),
      expect.stringMatching(/^run-.*\.txt$/),
    ])
    const [json = '', text = ''] = names
      .filter((name) => name.startsWith('run-'))
      .map((name) => readFileSync(join(each.folder.path, name), 'utf8'))
    expect(JSON.parse(json)).toMatchObject({ runs: [{ verdict: 'clean' }], skipped: [{ variant: 'leaky', reason: CAUGHT }] })
    expect(text).toMatch(/^KILLED: 1 of 2 runs were judged\n/)
  })

  test('is left alone while its runner lives, or may live in another container that shares the folder', async () => {
    const living = await started()
    judgeOne(living)
    expect(await reportLeftJournals(living.folder)).toEqual([])
    const elsewhere = await started(DEAD)
    judgeOne(elsewhere)
    await elsewhere.journal.close('keep')
    writeFileSync(elsewhere.path, readFileSync(elsewhere.path, 'utf8').replace(/"place":"[^"]*"/, '"place":"another machine"'))
    expect(await reportLeftJournals(elsewhere.folder)).toEqual([])
    expect(readdirSync(elsewhere.folder.path)).toEqual([`journal-${DEAD}.ndjson`])
    await living.journal.close('remove')
  })

  test('that is none stays where it is, and is told', async () => {
    const { folder, path } = await started(DEAD)
    writeFileSync(path, 'not a journal\n')
    expect(await reportLeftJournals(folder)).toEqual([expect.stringContaining('it is no journal of this version')])
    expect(readFileSync(path, 'utf8')).toBe('not a journal\n')
  })
})

test('a run that breaks off reports what it had judged', async () => {
  const { code, stdout, stderr, files } = await invoke(['run'], {
    dependencies: {
      runSuite: async ({ onEvent }) => {
        onEvent({ type: 'planned', runs: [KEY, { ...KEY, variant: 'leaky' }] })
        onEvent({ type: 'judged', key: KEY, run: fakeRun() })
        throw new TypeError('x is undefined')
      },
    },
  })
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  expect(stderr).toContain('TypeError: x is undefined')
  expect(files['reports/out/run.txt']).toMatch(/^BROKEN OFF by an error: 1 of 2 runs were judged\n\nclean /)
})

test('two runs into one folder at once leave each other alone', async () => {
  const [one, two] = [newRunId(), newRunId()]
  const path = temporaryFolder()
  const folder = await openOutputFolder(path, '/', one)
  const journals = [one, two].map((runId) => startJournal({ folder, runId, cwd: '/', formats: [], onTrouble: expect.unreachable }))
  for (const journal of journals) judgeOne({ journal, folder, troubles: [], path })
  expect(journals.map((journal) => journal.entries().length)).toEqual([3, 3])
  expect(readdirSync(path)).toHaveLength(2)
  for (const journal of journals) await journal.close('remove')
})
