import { z } from 'zod'
import { LIST_SCHEMA } from './list-schema.ts'
import { RUN_SCHEMA } from './run-schema.ts'

/** Open to fields that later versions add: whoever validates with today's schema must not break on tomorrow's record. */
const OPEN = { io: 'input' } as const

/** The published JSON Schemas (draft 2020-12) by file name; a test holds the files in step. */
export const SCHEMA_DOCUMENTS: Readonly<Record<string, object>> = {
  'run.schema.json': z.toJSONSchema(RUN_SCHEMA, OPEN),
  'list.schema.json': z.toJSONSchema(LIST_SCHEMA, OPEN),
}
