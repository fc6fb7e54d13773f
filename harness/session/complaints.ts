/** What a schema has against a value, as sentences: the field, what it was given, what it takes, or which field was meant. */
import { inspect } from 'node:util'
import * as v from 'valibot'
import { either, nearest } from './nearest.ts'

/** Shown of a value that is wrong; more of it helps nobody. */
const SHOWN_CHARS = 60
/** Of so many words a writer sees the right one at once; more of them hide the one that was meant. */
const LISTED_WORDS = 8

/** As it is, but for lists: to valibot they are objects, too. */
export function noList<S extends v.GenericSchema<object>>(schema: S) {
  const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value)
  return v.pipe(
    v.custom<v.InferInput<S>>(isObject, () => `it takes ${takenBy(schema)}`),
    schema,
  )
}

/**
 * One sentence for each mistake; empty when the value fits. Bounds and words are read from the schema itself, so they cannot say anything else than it does.
 * @param aliases spellings people know from elsewhere.
 * @param whole what the value itself is called, when it is wrong as a whole.
 */
export function complaints(
  schema: v.GenericSchema,
  value: unknown,
  aliases: Readonly<Record<string, string>> = {},
  whole = 'it',
): readonly string[] {
  const { issues = [] } = v.safeParse(schema, value)
  const sentences = issues.flatMap((issue) => {
    const path = (issue.path ?? []).map(({ key }) => key as string | number)
    const field = fieldName(path)
    if (issue.expected === 'never') {
      const holder = path.slice(0, -1)
      const known = knownFields(schemaAt(schema, holder))
      return unknownKeys(valueAt(value, holder), known).map((key) =>
        unknownField(fieldName([...holder, key]), aliases[key] ?? nearest(key, known), known),
      )
    }
    const given = valueAt(value, path)
    const takes = issue.type === 'custom' || issue.type === 'check' ? issue.message : takesInsteadOf(given, schemaAt(schema, path))
    if (given === undefined && path.length > 0) return [`\`${field}\` is missing: ${takes}`]
    return [`${path.length === 0 ? whole : `\`${field}\``} is ${shown(given)}: ${takes}`]
  })
  // -1.5 is neither whole nor large enough: one sentence says both.
  return [...new Set(sentences)]
}

/** All of them, inherited ones as well (an AbortSignal given in place of options has no others); valibot tells of the first only. */
function unknownKeys(holder: unknown, known: readonly string[]): readonly string[] {
  const keys: string[] = []
  for (const key in holder as object) if (!known.includes(key)) keys.push(key)
  return keys
}

function unknownField(name: string, meant: string | null, known: readonly string[]): string {
  return `\`${name}\` is not a field${meant === null ? `; there are ${known.join(', ')}` : `; did you mean \`${meant}\`?`}`
}

/** The word that was most likely meant, among those that are taken. */
function takesInsteadOf(given: unknown, schema: v.GenericSchema | undefined): string {
  const takes = `it takes ${takenBy(schema)}`
  const words = wordsOf(schema)
  const meant = typeof given === 'string' ? nearest(given, words) : null
  if (meant === null) return takes
  return words.length > LISTED_WORDS ? `did you mean '${meant}'?` : `${takes}; did you mean '${meant}'?`
}

function wordsOf(schema: v.GenericSchema | undefined): readonly string[] {
  const inner = bare(schema)
  return inner?.type === 'picklist' ? inner.options : []
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

/** What our schemas are made of; of a pipe, its members. */
type Step =
  | v.OptionalSchema<v.GenericSchema, undefined>
  | v.NullableSchema<v.GenericSchema, undefined>
  | v.StrictObjectSchema<v.ObjectEntries, undefined>
  | v.RecordSchema<v.GenericSchema<string>, v.GenericSchema, undefined>
  | v.ArraySchema<v.GenericSchema, undefined>
  | v.UnionSchema<v.GenericSchema[], undefined>
  | v.PicklistSchema<readonly string[], undefined>
  | v.LiteralSchema<string, undefined>
  | v.NumberSchema<undefined>
  | v.StringSchema<undefined>
  | v.BooleanSchema<undefined>
  | v.CustomSchema<unknown, v.ErrorMessage<v.CustomIssue> | undefined>
  | v.MinValueAction<number, number, undefined>
  | v.MaxValueAction<number, number, undefined>
  | v.SafeIntegerAction<number, undefined>
  | v.MinLengthAction<string, number, undefined>

const stepsOf = (schema: v.GenericSchema): readonly Step[] =>
  'pipe' in schema ? (schema.pipe as readonly v.GenericSchema[]).flatMap(stepsOf) : [schema as v.GenericSchema & Step]

/** What decides of a pipe: the first may be there for lists only. */
const schemaOf = (schema: v.GenericSchema | undefined) =>
  schema === undefined ? undefined : stepsOf(schema).findLast((step) => step.kind === 'schema')

function bare(schema: v.GenericSchema | undefined): ReturnType<typeof schemaOf> {
  const step = schemaOf(schema)
  return step?.type === 'optional' || step?.type === 'nullable' ? bare(step.wrapped) : step
}

function schemaAt(schema: v.GenericSchema, path: Path): v.GenericSchema | undefined {
  return path.reduce<v.GenericSchema | undefined>((at, part) => {
    const holder = bare(at)
    // The member of a union that has members itself.
    const inner = holder?.type === 'union' ? bare(holder.options.find((option) => bare(option)?.type === 'array')) : holder
    if (inner?.type === 'strict_object') return inner.entries[part] as v.GenericSchema | undefined
    if (inner?.type === 'record') return inner.value
    return inner?.type === 'array' ? inner.item : undefined
  }, schema)
}

function knownFields(schema: v.GenericSchema | undefined): readonly string[] {
  const inner = bare(schema)
  return inner?.type === 'strict_object' ? Object.keys(inner.entries) : []
}

function takenBy(schema: v.GenericSchema | undefined): string {
  const step = schemaOf(schema)
  if (schema === undefined || step === undefined) return 'something else'
  switch (step.type) {
    case 'optional':
      return takenBy(step.wrapped)
    case 'nullable':
      return `${takenBy(step.wrapped)}, or null`
    case 'number':
      return numberTaken(stepsOf(schema))
    case 'picklist':
      return either(step.options.map((option) => `'${option}'`))
    case 'boolean':
      return 'true or false'
    case 'literal':
      return `'${step.literal}'`
    case 'string':
      return stepsOf(schema).some(({ type }) => type === 'min_length') ? 'a text that is not empty' : 'a text'
    case 'array':
      return `a list, each ${takenBy(step.item)}`
    case 'record':
      return `an object, each ${takenBy(step.value)}`
    case 'custom':
      return takenByCustom(step)
    case 'union':
      return either(step.options.map(takenBy))
    case 'strict_object':
      return `an object with ${either(Object.keys(step.entries)).replace(/ or /, ' and ')}`
    default:
      return 'something else'
  }
}

/** In its own words, which begin as ours do. */
function takenByCustom({ message }: v.CustomSchema<unknown, v.ErrorMessage<v.CustomIssue> | undefined>): string {
  const words = typeof message === 'function' ? message({ input: undefined } as v.CustomIssue) : message
  return words?.replace(/^it takes /, '') ?? 'something else'
}

function numberTaken(steps: readonly Step[]): string {
  const isWhole = steps.some(({ type }) => type === 'safe_integer')
  const from = steps.find((step) => step.type === 'min_value')
  const upTo = steps.find((step) => step.type === 'max_value')
  const bounds = from === undefined ? '' : ` from ${from.requirement}${upTo === undefined ? ' on' : ` to ${upTo.requirement}`}`
  return `a ${isWhole ? 'whole ' : ''}number${bounds}`
}

/** A value as its writer would recognise it, on one line, without credentials of a URL. */
function shown(value: unknown): string {
  const text = inspect(value, { depth: 1, breakLength: Number.POSITIVE_INFINITY }).replace(/\/\/[^/@'"]*@/g, '//***@')
  return text.length > SHOWN_CHARS ? `${text.slice(0, SHOWN_CHARS - 3)}...` : text
}
