/** Loads a module of the user's: a scenario, a configuration. Also inside the subject, so nothing but node: is imported. */
import { readFileSync } from 'node:fs'
import { type LoadHookSync, type ResolveHookSync, registerHooks } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'

/** `npm init -y` writes "type": "commonjs", by which a `.ts` file with `import` in it does not load. What has `import` or `export` is a module. */
const IS_MODULE = /^\s*(import|export)\b/m
const asWritten: LoadHookSync = (url, context, next) => {
  const isOurs = url.startsWith('file:') && url.endsWith('.ts') && !url.includes('/node_modules/')
  // Without a "type" Node finds out by itself, in two tries and with a warning.
  const isUndecided = context.format === 'commonjs-typescript' || context.format === null || context.format === undefined
  if (!isOurs || !isUndecided || !IS_MODULE.test(readFileSync(fileURLToPath(url), 'utf8'))) return next(url, context)
  return next(url, { ...context, format: 'module-typescript' })
}

/** `npx watertight` in a folder that has not installed it: what a scenario imports is then the package that runs it. */
const besidesInstalled: ResolveHookSync = (specifier, context, next) => {
  if (specifier !== 'watertight' && !specifier.startsWith('watertight/')) return next(specifier, context)
  try {
    return next(specifier, context)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error
    return next(specifier, { ...context, parentURL: import.meta.url })
  }
}

const HARNESS = new URL('..', import.meta.url).href
/** What lies beside the harness is ours: it says what it is, and finds what it imports. */
const OURS = new URL('..', HARNESS).href

const loading = new Set<string>()
let hooks: ReturnType<typeof registerHooks> | null = null

/** `import()` of a file by its absolute path. Afterwards nothing is left that could change how the subject loads its modules. */
export async function importModule(path: string): Promise<Readonly<Record<string, unknown>>> {
  const { href } = pathToFileURL(path)
  // 20 ms of CPU where a client has a hundred modules: each passes the hooks.
  if (href.startsWith(OURS)) return import(href)
  loading.add(path)
  hooks ??= registerHooks({ resolve: besidesInstalled, load: asWritten })
  try {
    return await import(href)
  } finally {
    loading.delete(path)
    if (loading.size === 0) {
      hooks?.deregister()
      hooks = null
    }
  }
}

/** The user's modules that have been begun to load, and not ended. */
export const loadingNow = (): readonly string[] => [...loading]

/** An error of importModule in words: where and what, and what to do about it where Node does not say. */
export function whyNotLoaded(error: unknown, cwd: string): { readonly what: string; readonly remedy: string | null } {
  if (!(error instanceof Error)) return { what: String(error), remedy: null }
  const { code = '' } = error as NodeJS.ErrnoException
  // Of a syntax error only the head of its stack says where. Our own frames are no place of the user's.
  const places = [...(error.stack ?? '').matchAll(/(file:\/\/\S+?):(\d+)/g)]
  const [, href, line] = places.find(([, place = '']) => !place.startsWith(HARNESS)) ?? []
  const where = href === undefined ? '' : ` (${nameOf(href, cwd)}:${line})`
  const remedies: Readonly<Record<string, string>> = {
    ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX:
      'Node runs TypeScript by leaving its types out, so there is no enum, namespace or parameter property; use what JavaScript has',
    ERR_UNKNOWN_FILE_EXTENSION:
      'this Node does not run TypeScript: leave out --no-strip-types (and --no-experimental-strip-types), or write .js',
    ERR_UNSUPPORTED_NODE_MODULES_TYPE_STRIPPING: 'Node runs no TypeScript below node_modules: build it to .js, or move it out',
  }
  return { what: `${error.message.split('\n', 1)[0]}${where}`, remedy: remedies[code] ?? null }
}

function nameOf(href: string, cwd: string): string {
  const path = fileURLToPath(href)
  return path.startsWith(`${cwd}/`) ? path.slice(cwd.length + 1) : path
}
