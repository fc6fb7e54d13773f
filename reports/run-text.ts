import type { CensusCounts, Verdict } from '../harness/model/diagnosis.ts'
import type { Finding } from '../harness/model/finding.ts'
import type { RecordedExpectation, ScenarioRun } from '../harness/model/run-record.ts'
import { duration } from './amounts.ts'
import { codeFrame } from './code-frame.ts'
import { placeText, proofText, requestText, why } from './finding-text.ts'
import { gistOf, isToldByGist } from './gist.ts'
import { columns, wrapped } from './layout.ts'
import { oneLine, severalLines } from './neutralise.ts'
import type { Paint } from './paint.ts'
import { runName } from './run-name.ts'

export interface RunTextOptions {
  readonly paint: Paint
  readonly colour: boolean
  /** Columns of the terminal; Infinity: never break a line. */
  readonly width: number
  readonly readSource: (file: string) => string | null
}

export const STYLE_OF_VERDICT = {
  clean: 'green',
  leaked: 'red',
  misconfigured: 'yellow',
  inconclusive: 'magenta',
} as const satisfies Record<Verdict, string>

/** Indentation of what belongs to a finding, and width of its labels (`proof `). */
const INDENT = '     '
const LABEL_WIDTH = 6

/** `leaked with UNREAD_BODY, POOL_STARVED, blocked at request 26`. A record read from its JSON has null where nothing was declared. */
export function expectationText(expected: RecordedExpectation | null): string {
  if (expected === null) return 'nothing was declared'
  const codes = expected.codes === undefined || expected.codes.length === 0 ? '' : ` with ${expected.codes.join(', ')}`
  const blocked = expected.blockedAtRequest == null ? '' : `, blocked at request ${expected.blockedAtRequest}`
  const connections = expected.connectionsAtMost == null ? '' : `, ${expected.connectionsAtMost} connections at most`
  return `${expected.verdict}${codes}${blocked}${connections}`
}

/** A run as expected that left nothing needs no more than its head; one that is clean and dear tells why. */
export function isTold(run: ScenarioRun): boolean {
  // Of a scenario they are known; of somebody's own program they say what the verdict does not.
  const hasNotes = run.expected === null && run.notes.length > 0
  const isSilent = run.measured.length === 0 && !hasNotes && run.findings.every(({ severity }) => severity !== 'churn')
  return run.asExpected && run.verdict === 'clean' && isSilent
}

/** `leaked  article-batch-copy (leaky)  25 bodies unread, blocked at request 26  embedded, as expected` */
export function headText(run: ScenarioRun, paint: Paint): string {
  const verdict = paint([STYLE_OF_VERDICT[run.verdict], 'bold'], run.verdict)
  if (run.expected === null) return `${verdict}  ${paint('bold', runName(run))}  ${gistOf(run)}`
  const judged = run.asExpected ? 'as expected' : paint(['red', 'bold'], 'NOT AS EXPECTED')
  const where = paint('dim', run.backend === null ? '' : `${run.backend}, `)
  return `${verdict}  ${paint('bold', runName(run))}  ${gistOf(run)}  ${where}${run.asExpected ? paint('dim', judged) : judged}`
}

function labelled(label: string, text: string, { paint, width }: RunTextOptions): string {
  return `${INDENT}${paint('dim', label.padEnd(LABEL_WIDTH))}${wrapped(text, INDENT.length + LABEL_WIDTH, width)}`
}

function countsText(name: 'sockets' | 'handles' | 'descriptors', run: ScenarioRun): string {
  const at = (counts: CensusCounts): string => String(counts[name] ?? 'unknown')
  return `${name} ${at(run.baseline)} before, ${at(run.peak)} at the peak, ${at(run.recount)} after`
}

/** What a run is called whose requests nobody could count. */
const SEEN_FROM_OUTSIDE = 'seen from outside'

const requestsText = ({ sent, ok, failed }: ScenarioRun['requests']): string => `${sent} requests sent, ${ok} ok, ${failed} failed`

/** Why a run is not as expected: what was declared, the counts and the times. */
function unexpectedText(run: ScenarioRun, options: RunTextOptions): string[] {
  const back =
    run.returnedToBaselineMs === null ? 'never back at the baseline' : `back at the baseline in ${duration(run.returnedToBaselineMs)}`
  // a program that ended or hangs was given no time to return to a baseline
  if (run.expected === null && run.deadlineMs === 0) return []
  return [
    ...(run.expected === null ? [] : [labelled('want', expectationText(run.expected), options)]),
    labelled('count', `${(['sockets', 'handles', 'descriptors'] as const).map((name) => countsText(name, run)).join('; ')}`, options),
    labelled(
      'time',
      [`${back}, deadline ${duration(run.deadlineMs)}`, ...(run.client === SEEN_FROM_OUTSIDE ? [] : [requestsText(run.requests)])].join(
        '; ',
      ),
      options,
    ),
  ]
}

function findingText(finding: Finding, head: string, run: ScenarioRun, framed: Set<string>, options: RunTextOptions): string[] {
  const { paint } = options
  const lines = [`  ${head}`]
  const place = finding.openedAt
  if (place !== null && !framed.has(`${place.file}:${place.line}`)) {
    framed.add(`${place.file}:${place.line}`)
    const frame = codeFrame(options.readSource(place.file), place, options.colour)
    if (frame !== null) lines.push(...frame.split('\n').map((line) => `   ${line}`))
  }
  if (finding.lastTouchedAt !== null) lines.push(labelled('touch', `last touched at ${placeText(finding.lastTouchedAt)}`, options))
  if (!isToldByGist(finding, run)) lines.push(labelled('what', oneLine(finding.summary), options))
  const evidence = why(finding)
  if (evidence !== '') lines.push(labelled('why', evidence, options))
  if (finding.advice !== '') lines.push(labelled('fix', oneLine(finding.advice), options))
  if (run.proof !== null && finding === run.findings[0]) {
    const released = finding.code === 'UNREAD_BODY' ? 'body' : 'suspect'
    lines.push(labelled('proof', paint('green', proofText(run.proof, run.blockedAtRequest, released)), options))
  }
  return lines
}

function findingHeads(run: ScenarioRun, { paint }: RunTextOptions): string[] {
  const rows = columns(run.findings.map((finding) => [finding.code, `x${finding.count}`, requestText(finding), '']))
  return run.findings.map((finding, at) => {
    const opened = finding.openedAt === null ? 'opened at an unknown place' : `opened at ${paint('cyan', placeText(finding.openedAt))}`
    return `${paint('bold', rows[at] ?? '')}    ${opened}`
  })
}

/** One run in full: head, what was expected if it is not so, and every finding with its code, evidence, fix and proof. */
export function runText(run: ScenarioRun, options: RunTextOptions): string {
  const head = headText(run, options.paint)
  if (isTold(run)) return head
  const heads = findingHeads(run, options)
  const framed = new Set<string>()
  const blocks = run.findings.map((finding, at) => findingText(finding, heads[at] ?? '', run, framed, options).join('\n'))
  const rest = [
    ...run.measured.map((line, at) => labelled(at === 0 ? 'saw' : '', oneLine(line), options)),
    ...(run.asExpected ? [] : unexpectedText(run, options)),
    ...run.notes.map((note) => labelled('note', oneLine(note), options)),
  ]
  if (run.workError !== null)
    rest.push(labelled('threw', severalLines(run.workError).replaceAll('\n', `\n${INDENT}${' '.repeat(LABEL_WIDTH)}`), options))
  return [head, ...blocks, ...(rest.length === 0 ? [] : [rest.join('\n')])].join('\n\n')
}
