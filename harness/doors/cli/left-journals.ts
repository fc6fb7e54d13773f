/** Reports of runs that could not make their own: killed, or on a full disk. */
import { readdir, readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { recordOf } from '../../scenario/journal-record.ts'
import { isRunnerAlive } from '../../subjects/run-id.ts'
import { type JournalHead, parseJournal, type ReadJournal, runOfJournal } from './journal-text.ts'
import { type OutputFolder, sweepTemporaries } from './output-folder.ts'
import { writeReports } from './report-files.ts'
import { runnersPlace } from './runners-place.ts'

/** A journal of another machine or container is left alone for as long: no run is silent for longer than its longest work may take. */
const FOREIGN_SILENCE_MS = 3_600_000 + 600_000

/**
 * Makes the reports of the journals whose runner is dead, under names of their own, and removes these journals. The one of a living run is never touched.
 * @returns a line about each, for people.
 */
export async function reportLeftJournals(folder: OutputFolder): Promise<readonly string[]> {
  await sweepTemporaries(folder, isRunnerAlive)
  const told: string[] = []
  for (const name of (await readdir(folder.path)).toSorted()) {
    const runId = runOfJournal(name)
    if (runId === null || isRunnerAlive(runId)) continue
    const path = join(folder.path, name)
    try {
      const journal = parseJournal(await readFile(path, 'utf8'))
      if (await mayStillRun(journal.head, path)) continue
      told.push(await reportOf(journal, folder))
      await rm(path, { force: true })
    } catch (error) {
      // another start was quicker
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') continue
      told.push(`could not make the report of ${join(folder.name, name)}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  return told
}

/** A pid says nothing about a runner in another container or on another machine that shares this folder. */
async function mayStillRun(head: JournalHead, path: string): Promise<boolean> {
  if (head.place === runnersPlace()) return false
  return Date.now() - (await stat(path)).mtimeMs < FOREIGN_SILENCE_MS
}

async function reportOf({ head, entries, broken }: ReadJournal, folder: OutputFolder): Promise<string> {
  const record = recordOf(entries, 'killed')
  const { files, failures } = await writeReports({ record, formats: head.formats, folder, cwd: head.cwd, mark: markOf(head) })
  if (failures.length > 0) throw new Error(failures.join('; '))
  const planned = record.runs.length + record.skipped.length
  const isEnded = entries.some(({ type }) => type === 'ended')
  const what = isEnded ? 'a run that could not write its report' : 'a killed run'
  const cut = broken === 0 ? '' : `, ${broken} of its lines cut off`
  return `${what}, begun ${head.startedAt}, had judged ${record.runs.length} of ${planned}${cut}: ${files.join(', ')}`
}

/** `-20260924T120311-a1b2c3`: when it began, and something no other run has. */
function markOf({ startedAt, runId }: JournalHead): string {
  return `-${startedAt.slice(0, 19).replace(/[^\dT]/g, '')}-${runId.slice(-6)}`
}
