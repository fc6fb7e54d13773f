/** What a schema has against a value, as sentences: the field, what it was given, what it takes, or which field was meant. */
import { inspect } from 'node:util'
import { z } from 'zod'
import { either, nearest } from './nearest.ts'

/** Shown of a value that is wrong; more of it helps nobody. */
const SHOWN_CHARS = 60

/**
 * One sentence for each mistake; empty when the value fits. Bounds and words are read from the schema itself, so they cannot say anything else than it does.
 * @param aliases spellings people know from elsewhere.
 */
export function complaints(schema: z.ZodType, value: unknown, aliases: Readonly<Record<string, string>> = {}): readonly string[] {
  const parsed = schema.safeParse(value)
  if (parsed.success) return []
  return parsed.error.issues.flatMap((issue) => {
    const path = issue.path.filter((part) => typeof part !== 'symbol')
    const field = fieldName(path)
    if (issue.code === 'unrecognized_keys') {
      const known = knownFields(schemaAt(schema, path))
      return issue.keys.map((key) => unknownField(fieldName([...path, key]), aliases[key] ?? nearest(key, known), known))
    }
    const takes = issue.code === 'custom' ? issue.message : `it takes ${takenBy(schemaAt(schema, path))}`
    const given = valueAt(value, path)
    if (given === undefined && path.length > 0) return [`\`${field}\` is missing: ${takes}`]
    return [`${path.length === 0 ? 'it' : `\`${field}\``} is ${shown(given)}: ${takes}`]
  })
}

function unknownField(name: string, meant: string | null, known: readonly string[]): string {
  return `\`${name}\` is not a field${meant === null ? `; there are ${known.join(', ')}` : `; did you mean \`${meant}\`?`}`
}

type Path = readonly (string | number)[]

/** `allow[0].because` */
const fieldName = (path: Path): string =>
  path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${part}`))
    .join('')
    .replace(/^\./, '')

const valueAt = (value: unknown, path: Path): unknown =>
  path.reduce<unknown>(
    (at, part) => (typeof at === 'object' && at !== null ? (at as Readonly<Record<string, unknown>>)[part] : undefined),
    value,
  )

function bare(schema: z.core.$ZodType): z.core.$ZodType {
  return schema instanceof z.ZodOptional || schema instanceof z.ZodNullable ? bare(schema.unwrap()) : schema
}

function schemaAt(schema: z.core.$ZodType, path: Path): z.core.$ZodType | undefined {
  return path.reduce<z.core.$ZodType | undefined>((at, part) => {
    const holder = at === undefined ? undefined : bare(at)
    // The member of a union that has members itself.
    const inner = holder instanceof z.ZodUnion ? holder.options.find((option) => option instanceof z.ZodArray) : holder
    if (inner instanceof z.ZodObject) return inner.shape[part]
    return inner instanceof z.ZodArray ? inner.element : undefined
  }, schema)
}

function knownFields(schema: z.core.$ZodType | undefined): readonly string[] {
  const inner = schema === undefined ? undefined : bare(schema)
  return inner instanceof z.ZodObject ? Object.keys(inner.shape) : []
}

function takenBy(schema: z.core.$ZodType | undefined): string {
  if (schema instanceof z.ZodOptional) return takenBy(schema.unwrap())
  if (schema instanceof z.ZodNullable) return `${takenBy(schema.unwrap())}, or null`
  if (schema instanceof z.ZodNumber) {
    const { minValue, maxValue, isInt } = schema
    const upTo = maxValue === null || maxValue >= Number.MAX_SAFE_INTEGER ? ' on' : ` to ${maxValue}`
    return `a ${isInt ? 'whole ' : ''}number from ${minValue}${upTo}`
  }
  if (schema instanceof z.ZodEnum) return either(schema.options.map((option) => `'${option}'`))
  if (schema instanceof z.ZodBoolean) return 'true or false'
  if (schema instanceof z.ZodLiteral) return either([...schema.values].map((value) => `'${value}'`))
  if (schema instanceof z.ZodString) return (schema.minLength ?? 0) > 0 ? 'a text that is not empty' : 'a text'
  if (schema instanceof z.ZodArray) return `a list, each ${takenBy(schema.element)}`
  if (schema instanceof z.ZodUnion) return either(schema.options.map(takenBy))
  if (schema instanceof z.ZodObject) return `an object with ${either(knownFields(schema)).replace(/ or /, ' and ')}`
  return 'something else'
}

/** A value as its writer would recognise it, on one line, without credentials of a URL. */
function shown(value: unknown): string {
  const text = inspect(value, { depth: 1, breakLength: Number.POSITIVE_INFINITY }).replace(/\/\/[^/@'"]*@/g, '//***@')
  return text.length > SHOWN_CHARS ? `${text.slice(0, SHOWN_CHARS - 3)}...` : text
}
