import type { Diagnosis } from '../model/diagnosis.ts'
import type { Expectation } from '../model/run-record.ts'

/** Extra findings that contradict nobody: they change no verdict, or say again that the work hung. */
const HARMLESS: ReadonlySet<string> = new Set(['churn', 'note'])

/** Why a diagnosis is not what the scenario declares; empty when it is. Pure. */
export function disagreements(diagnosis: Diagnosis, expected: Expectation): readonly string[] {
  const codes: readonly string[] = expected.codes ?? []
  const found = diagnosis.findings.map((finding) => finding.code)
  const missing = codes.filter((code) => !found.some((each) => each === code))
  const extra = diagnosis.findings.filter(({ code, severity }) => !codes.includes(code) && !HARMLESS.has(severity) && code !== 'WORK_HUNG')
  const verdict = diagnosis.verdict === expected.verdict ? [] : [`declared ${expected.verdict}, judged ${diagnosis.verdict}`]
  const blocked =
    expected.blockedAtRequest === undefined || expected.blockedAtRequest === diagnosis.blockedAtRequest
      ? []
      : [`declared to block at request ${expected.blockedAtRequest}, ${blockedWords(diagnosis.blockedAtRequest)}`]
  const most = expected.connectionsAtMost ?? Number.POSITIVE_INFINITY
  const connections =
    diagnosis.connectionsOpened <= most ? [] : [`declared to open ${most} connections at most, opened ${diagnosis.connectionsOpened}`]
  return [
    ...verdict,
    ...missing.map((code) => `${code} is declared and was not found`),
    ...extra.map(({ code }) => `${code} was found and is not declared`),
    ...blocked,
    ...connections,
  ]
}

const blockedWords = (ordinal: number | null): string => (ordinal === null ? 'and nothing blocked' : `blocked at ${ordinal}`)
