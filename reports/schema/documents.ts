import { toJsonSchema } from '@valibot/to-json-schema'
import { LIST_SCHEMA } from './list-schema.ts'
import { RUN_SCHEMA } from './run-schema.ts'

const DRAFT = { target: 'draft-2020-12' } as const

/**
 * The published JSON Schemas by file name; a test holds the files in step. Open to fields that later versions add: whoever validates with today's schema must
 * not break on tomorrow's record.
 */
export const SCHEMA_DOCUMENTS: Readonly<Record<string, object>> = {
  'run.schema.json': toJsonSchema(RUN_SCHEMA, DRAFT),
  'list.schema.json': toJsonSchema(LIST_SCHEMA, DRAFT),
}
