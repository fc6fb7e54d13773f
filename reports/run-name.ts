import type { RunKey } from '../harness/model/scenario.ts'
import { oneLine } from './neutralise.ts'

/** `article-batch-copy (leaky)`, with a case `undici-small-body/65536 (leaky)`; a program of the user's own has no variant. */
export function runName(run: Pick<RunKey, 'scenario' | 'case'> & { readonly variant: RunKey['variant'] | null }): string {
  return oneLine(`${run.scenario}${run.case === null ? '' : `/${run.case}`}${run.variant === null ? '' : ` (${run.variant})`}`)
}
