import * as v from 'valibot'
import { OWN_KINDS } from '../../harness/model/backend.ts'
import { expectation } from './run-schema.ts'

const variant = v.nullable(v.object({ expects: expectation }))
const variants = v.object({ leaky: variant, fixed: variant })

/** `watertight/list@1`: what `watertight list --json` prints. */
export const LIST_SCHEMA = v.pipe(
  v.object({
    schema: v.literal('watertight/list@1'),
    scenarios: v.array(
      v.object({
        name: v.string(),
        layer: v.string(),
        client: v.string(),
        shows: v.string(),
        backends: v.array(v.picklist(OWN_KINDS)),
        variants: v.pipe(variants, v.description('of the first case; a variant the scenario does not have is null')),
        cases: v.optional(v.pipe(v.record(v.string(), variants), v.description('all cases, where there are several'))),
      }),
    ),
  }),
  v.title('watertight/list@1'),
  v.description('what `watertight list --json` prints'),
)
