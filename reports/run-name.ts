import type { RunKey } from '../harness/model/scenario.ts'
import { oneLine } from './neutralise.ts'

/** `article-batch-copy (leaky)`, with a case `undici-small-body/65536 (leaky)`. */
export function runName(run: Pick<RunKey, 'scenario' | 'case' | 'variant'>): string {
  return oneLine(`${run.scenario}${run.case === null ? '' : `/${run.case}`} (${run.variant})`)
}
