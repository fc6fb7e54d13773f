/** `npm run schema`: writes the published JSON Schemas. */
import { writeFileSync } from 'node:fs'
import { SCHEMA_DOCUMENTS } from './documents.ts'

for (const [name, document] of Object.entries(SCHEMA_DOCUMENTS)) {
  writeFileSync(new URL(name, import.meta.url), `${JSON.stringify(document, null, 2)}\n`)
}
