import { XMLBuilder } from 'fast-xml-parser'
import type { RunRecord, ScenarioRun, SkippedRun } from '../harness/model/run-record.ts'
import { gistOf } from './gist.ts'
import { oneLine } from './neutralise.ts'
import { paintFor } from './paint.ts'
import { runText } from './run-text.ts'

export interface JunitOptions {
  /** Source of a file as a Place names it; null when it cannot be read. */
  readonly readSource: (file: string) => string | null
}

/** Attributes begin with `@`, text is `#text`, an array repeats its element. */
type Xml = string | number | { readonly [name: string]: Xml | readonly Xml[] }

/** Not even an escape may stand for these in XML 1.0; lone surrogates and the two noncharacters included. */
const ILLEGAL_IN_XML = /[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu

// comments and instructions are never built, and entities are the library's part
const builder = new XMLBuilder({ ignoreAttributes: false, attributeNamePrefix: '@', format: true, suppressEmptyNode: true })

const legal = (text: string): string => text.replace(ILLEGAL_IN_XML, '')

const seconds = (ms: number): string => (Number.isFinite(ms) ? (ms / 1000).toFixed(3) : '0.000')

/** `leaky on embedded`, with a case `65536: leaky on embedded`. */
function caseName(run: ScenarioRun | SkippedRun): string {
  const of = run.case !== null ? `${run.case}: ` : ''
  return legal(oneLine(`${of}${run.variant ?? 'exec'}${run.backend === null ? '' : ` on ${run.backend}`}`))
}

const className = (scenario: string): string => legal(oneLine(`watertight.${scenario}`))

function judged(run: ScenarioRun, { readSource }: JunitOptions): Xml {
  const text = legal(runText(run, { paint: paintFor(false), colour: false, width: Number.POSITIVE_INFINITY, readSource }))
  const head = { '@classname': className(run.scenario), '@name': caseName(run), '@time': seconds(run.durationMs) }
  // a leak that was declared is what the run is there to show: told, but no failure
  if (run.asExpected) return { ...head, 'system-out': text }
  const codes = run.findings.map((finding) => finding.code)
  return {
    ...head,
    failure: { '@type': [run.verdict, ...new Set(codes)].join(' '), '@message': legal(`${run.verdict}: ${gistOf(run)}`), '#text': text },
  }
}

function skipped(run: SkippedRun): Xml {
  const message = legal(oneLine(`${run.reason}; remedy: ${run.remedy}`))
  return { '@classname': className(run.scenario), '@name': caseName(run), '@time': seconds(0), skipped: { '@message': message } }
}

function suite(scenario: string, record: RunRecord, options: JunitOptions): Xml {
  const runs = record.runs.filter((run) => run.scenario === scenario)
  const missed = record.skipped.filter((run) => run.scenario === scenario)
  return {
    '@name': legal(oneLine(scenario)),
    '@tests': runs.length + missed.length,
    '@failures': runs.filter((run) => !run.asExpected).length,
    '@errors': 0,
    '@skipped': missed.length,
    '@time': seconds(runs.reduce((total, run) => total + run.durationMs, 0)),
    testcase: [...runs.map((run) => judged(run, options)), ...missed.map(skipped)],
  }
}

/** JUnit XML as CI systems read it: a suite per scenario, a test case per run; a run that is not as expected is the failure. */
export function renderJunit(record: RunRecord, options: JunitOptions): string {
  const scenarios = [...new Set([...record.runs, ...record.skipped].map((run) => run.scenario))]
  const { totals } = record
  return `${builder.build({
    '?xml': { '@version': '1.0', '@encoding': 'UTF-8' },
    testsuites: {
      '@name': 'watertight',
      '@tests': totals.runs + totals.skipped,
      '@failures': totals.runs - totals.asExpected,
      '@errors': 0,
      '@skipped': totals.skipped,
      '@time': seconds(totals.wallMs),
      testsuite: scenarios.map((scenario) => suite(scenario, record, options)),
    },
  })}`
}
