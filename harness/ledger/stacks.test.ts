import { describe, expect, it } from 'vitest'
import {
  type Capture,
  callersFrame,
  captureCaller,
  captureStack,
  listenerFrame,
  outermostPackage,
  parseStackLine,
  userFrame,
} from './stacks.ts'

const frame = (file: string, line: number, column: number, name: string | null) => ({ file, line, column, function: name })

describe('parseStackLine', () => {
  it.each([
    ['    at copyAll (file:///app/job.ts:41:23)', frame('/app/job.ts', 41, 23, 'copyAll')],
    ['    at file:///app/job.ts:7:1', frame('/app/job.ts', 7, 1, null)],
    ['    at /app/job.js:7:1', frame('/app/job.js', 7, 1, null)],
    ['    at async copyAll (file:///app/job.ts:41:5)', frame('/app/job.ts', 41, 5, 'copyAll')],
    ['    at async file:///app/job.ts:3:9', frame('/app/job.ts', 3, 9, null)],
    ['    at async Promise.all (index 0)', null],
    ['    at async Object.copyAll (/app/job.js:1:2)', frame('/app/job.js', 1, 2, 'copyAll')],
    ['    at new Catalogue (/app/catalogue.js:9:10)', frame('/app/catalogue.js', 9, 10, 'Catalogue')],
    ['    at Catalogue.read (/app/catalogue.js:9:10)', frame('/app/catalogue.js', 9, 10, 'Catalogue.read')],
    ['    at Catalogue.#fetch (/app/catalogue.js:9:10)', frame('/app/catalogue.js', 9, 10, 'Catalogue.#fetch')],
    ['    at Catalogue.read [as onAnswer] (/app/catalogue.js:9:10)', frame('/app/catalogue.js', 9, 10, 'Catalogue.read')],
    // what V8 calls a function without a name that stands before options
    ['    at async expectNoLeaks.idleTimeoutMs (/app/job.js:1:1)', frame('/app/job.js', 1, 1, null)],
    ['    at watertight.findLeaks.budget.sockets (/app/job.js:1:1)', frame('/app/job.js', 1, 1, null)],
    ['    at Job.findLeaks (/app/job.js:1:1)', frame('/app/job.js', 1, 1, 'Job.findLeaks')],
    ['    at exports.handler (/app/job.js:1:1)', frame('/app/job.js', 1, 1, 'exports.handler')],
    ['    at Object.<anonymous> (/app/job.js:1:1)', frame('/app/job.js', 1, 1, null)],
    ['    at <anonymous> (/app/job.js:1:1)', frame('/app/job.js', 1, 1, null)],
    ['    at Module.run (file:///app/with%20space/job.ts:1:1)', frame('/app/with space/job.ts', 1, 1, 'run')],
    ['    at run (/app/job (old).js:12:3)', frame('/app/job (old).js', 12, 3, 'run')],
    ['    at run (file:///app/job.ts?t=1700000000:12:3)', frame('/app/job.ts', 12, 3, 'run')],
    ['    at get callers [as callers] (/app/job.js:4:5)', frame('/app/job.js', 4, 5, 'get callers')],
    ['    at node:internal/process/task_queues:104:5', null],
    ['    at ClientRequest.onSocket (node:_http_client:900:3)', null],
    ['    at Array.map (<anonymous>)', null],
    ['    at eval (eval at run (/app/job.js:1:1), <anonymous>:1:1)', null],
    ['    at wasm://wasm/0012ab:wasm-function[3]:0x4f', null],
    ['Error: at copyAll (file:///app/job.ts:41:23)', null],
  ])('reads %s', (text, expected) => {
    expect(parseStackLine(text)).toEqual(expected)
  })
})

const stack = (...lines: string[]): string => ['Error', ...lines.map((line) => `    at ${line}`)].join('\n')

describe('userFrame', () => {
  it('skips Node and dependencies', () => {
    const text = stack('get (node:http:1:1)', 'send (/app/node_modules/@aws-sdk/client-s3/index.js:1:1)', 'copy (/app/copy.ts:4:2)')
    expect(userFrame(text)?.file).toBe('/app/copy.ts')
  })

  it('ends where the work ends: who awaits it has not made the call', () => {
    const ours = new URL('../subjects/this-process.ts', import.meta.url).href
    const text = stack('send (/app/node_modules/sdk/index.js:1:1)', `async Object.runWork (${ours}:68:9)`, 'async main (/app/job.ts:9:1)')
    expect(userFrame(text)).toBeNull()
    expect(userFrame(text.replace(ours, '/app/copy.ts'))).toMatchObject({ file: '/app/copy.ts', function: 'runWork' })
  })

  it.each([
    [['send (/app/node_modules/undici/index.js:1:1)', 'async get (/app/node_modules/@azure/storage-blob/x.js:1:1)'], '@azure/storage-blob'],
    [['send (/app/node_modules/a/node_modules/got/index.js:1:1)', 'run (node:internal/x:1:1)'], 'got'],
    [['send (node:http:1:1)'], null],
  ])('where nobody is named, the package that made the call is known: %j', (lines, expected) => {
    const ours = new URL('../subjects/this-process.ts', import.meta.url).href
    const text = stack(...lines, `async Object.runWork (${ours}:68:9)`, 'async main (/app/node_modules/runner/index.js:9:1)')
    expect(outermostPackage(text)).toBe(expected)
  })

  it('names nobody where only dependencies are on the stack', () => {
    expect(userFrame(stack('resume (/app/node_modules/undici/lib/client-h1.js:1012:3)'))).toBeNull()
  })

  it('names a program that lives in node_modules itself', () => {
    const text = stack('send (/app/node_modules/undici/index.js:1:1)', 'main (/app/node_modules/tool/lib/run.js:5:1)')
    expect(userFrame(text, '/app/node_modules/tool/bin/tool.js')?.file).toBe('/app/node_modules/tool/lib/run.js')
  })
})

describe('callersFrame', () => {
  const isOf = (...lines: string[]): boolean => callersFrame(['Error', ...lines.map((line) => `    at ${line}`)].join('\n')) !== null
  const pipe = ['IncomingMessage.emit (node:events:1:1)', 'Readable.pipe (node:internal/streams/readable:1:1)', 'new Promise (<anonymous>)']
  const user = 'copy (/app/copy.ts:4:2)'
  const dependency = 'wrap (/app/node_modules/sdk/index.js:1:1)'

  it.each([
    ['the user himself', [...pipe, user, dependency], true],
    ['a dependency he called', [...pipe, dependency, user], false],
    ['code without a place', [...pipe, 'eval (eval at wrap (/app/copy.ts:1:1), <anonymous>:3:10)', user], false],
    ['nobody but Node', [...pipe, 'node:internal/process/task_queues:104:5'], false],
  ])('of %s', (_who, lines, expected) => {
    expect(isOf(...lines)).toBe(expected)
  })

  it('is asked of a stack taken before, which goes deep enough for pipeline()', async () => {
    const { PassThrough, pipeline } = await import('node:stream')
    const callers: Capture[] = []
    const noted = (event: string): unknown => event === 'data' && callers.push(captureCaller(noted))
    const source = new PassThrough().on('newListener', noted)
    source.pipe(new PassThrough())
    pipeline(source, new PassThrough(), () => {})
    expect(callers.map((caller) => caller.frame() !== null)).toEqual([true, true])
    source.destroy()
  })
})

describe('listenerFrame', () => {
  const add = 'addAbortListener (node:internal/events/abort_listener:41:12)'
  const user = 'job (file:///app/job.ts:4:2)'

  it.each([
    'new Request (node:internal/deps/undici/undici:12286:18)',
    'createDependentSignal (/app/node_modules/undici/lib/web/fetch/request.js:105:10)',
    'new Request (/app/node_modules/.pnpm/undici@5.29.0/node_modules/undici/lib/fetch/request.js:378:16)',
    'new Request (C:\\app\\node_modules\\undici\\lib\\web\\fetch\\request.js:453:20)',
  ])('names nobody for %s', (request) => {
    expect(listenerFrame(stack(add, request, 'fetch (node:internal/deps/undici/undici:13032:25)', user))).toBeNull()
  })

  it.each([
    'addSignal (/app/node_modules/undici/lib/api/abort-signal.js:38:3)',
    'file:///app/node_modules/node-fetch/src/index.js:97:11',
    'new Request (/app/node_modules/whatwg-fetch/fetch.js:1:1)',
    'new ClientRequest (node:_http_client:250:5)',
  ])('names whoever called %s', (client) => {
    expect(listenerFrame(stack(add, client, user))?.file).toBe('/app/job.ts')
  })

  it('names whoever listens above a Request', () => {
    const above = stack('get signal (/app/options.ts:9:1)', 'new Request (node:internal/deps/undici/undici:12286:18)', user)
    expect(listenerFrame(above)?.file).toBe('/app/options.ts')
  })
})

describe('captureStack', () => {
  it('leaves the stack limit as it was and takes more than the limit', () => {
    const limit = Error.stackTraceLimit
    const deep = (depth: number): ReturnType<typeof captureStack> => (depth === 0 ? captureStack(deep) : deep(depth - 1))
    expect(deep(3).frame()?.file).toMatch(/stacks\.test\.ts$/)
    expect(Error.stackTraceLimit).toBe(limit)
  })

  it('survives a prepareStackTrace that returns no text', () => {
    const { prepareStackTrace } = Error
    try {
      Error.prepareStackTrace = () => 42
      expect(captureStack(() => {}).frame()).toBeNull()
    } finally {
      Error.prepareStackTrace = prepareStackTrace
    }
  })
})
