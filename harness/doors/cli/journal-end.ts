/** What is said and done when a journal ends otherwise than with its report. */
import { recordOf } from '../../scenario/journal-record.ts'
import { type Io, tell } from './io.ts'
import type { Journal } from './journal.ts'
import { type ReportRequest, tellReports } from './report-files.ts'

/** The disk takes no more. */
export const troubleText = (output: string, message: string): string =>
  `no journal can be written to ${output}: ${message}; the run goes on, but a kill would lose what it judged`

/** The same, for a command without a progress list. */
export const troubleTeller =
  (output: string, io: Pick<Io, 'stderr'>) =>
  (message: string): void =>
    void tell(io, `${troubleText(output, message)}\n`)

/** After an error nobody foresaw: what was judged until then is not lost for it. Answers whether the reports were written. */
export async function reportBreak(
  { journal, ...request }: Omit<ReportRequest, 'record'> & { readonly journal: Journal },
  io: Pick<Io, 'stderr'>,
): Promise<boolean> {
  if (!journal.entries().some(({ type }) => type === 'judged')) return true
  journal.add({ type: 'ended', stopped: 'broken off by an error' })
  return tellReports({ ...request, record: recordOf(journal.entries(), 'killed') }, io)
}

/** A journal whose reports are written has done its duty; any other one stays, and is told. */
export async function endJournal(journal: Journal, isReported: boolean, io: Pick<Io, 'stderr'>): Promise<void> {
  await journal.close(isReported ? 'remove' : 'keep')
  const kept = isReported ? null : journal.file()
  if (kept === null) return
  const what = kept.isComplete ? 'what was judged' : 'what was judged before the disk took no more'
  await tell(io, `${what} is kept in ${kept.path}: \`watertight report ${kept.path}\` renders it, and so does the next start\n`)
}
