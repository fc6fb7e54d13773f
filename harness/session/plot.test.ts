import { expect, test } from 'vitest'
import type { Census } from '../model/census.ts'
import type { Subject } from '../subjects/subject.ts'
import { playPlot } from './plot.ts'
import { realClock } from './real-clock.ts'
import { resolveOptions } from './resolve-options.ts'

const EMPTY: Census = { atMs: 0, sockets: [], descriptors: 3, handles: {}, files: [], missing: [] }

/** Nothing is ever open in it; it remembers what it was asked. */
function emptySubject(asked: string[]): Subject {
  const answer =
    <T>(what: string, value: T) =>
    async (): Promise<T> => {
      asked.push(what)
      return value
    }
  return {
    pid: 0,
    census: answer('census', EMPTY),
    gauge: () => 3,
    page: answer('page', null),
    beginWork: answer('beginWork', undefined),
    runWork: answer('runWork', { type: 'done' }),
    endWork: answer('endWork', undefined),
    abandonWork: answer('abandonWork', undefined),
    releaseBodies: answer('releaseBodies', 0),
    closeIdle: answer('closeIdle', 0),
    [Symbol.asyncDispose]: async () => {},
  }
}

test('the end of the work is announced when it ends, not after it was looked at', async () => {
  const asked: string[] = []
  await playPlot(emptySubject(asked), resolveOptions({ idleTimeoutMs: 50, level: 'off' }), {
    clock: realClock,
    cwd: '/',
    onPhase: (phase) => asked.push(`-- ${phase}`),
  })
  expect(asked.slice(asked.indexOf('-- work'), asked.indexOf('-- quiesce') + 2)).toEqual([
    '-- work',
    'beginWork',
    'runWork',
    'endWork',
    '-- quiesce',
    'census',
  ])
})
