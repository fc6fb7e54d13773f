import { z } from 'zod'
import { OWN_KINDS } from '../../harness/model/backend.ts'
import { expectation } from './run-schema.ts'

const variant = z.object({ expects: expectation }).nullable()
const variants = z.object({ leaky: variant, fixed: variant })

/** `watertight/list@1`: what `watertight list --json` prints. */
export const LIST_SCHEMA = z
  .object({
    schema: z.literal('watertight/list@1'),
    scenarios: z.array(
      z.object({
        name: z.string(),
        layer: z.string(),
        client: z.string(),
        shows: z.string(),
        backends: z.array(z.enum(OWN_KINDS)),
        variants: variants.meta({ description: 'of the first case; a variant the scenario does not have is null' }),
        cases: z.record(z.string(), variants).optional().meta({ description: 'all cases, where there are several' }),
      }),
    ),
  })
  .meta({ title: 'watertight/list@1', description: 'what `watertight list --json` prints' })
