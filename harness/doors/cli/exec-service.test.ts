import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { setTimeout as after } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { RunRecord } from '../../model/run-record.ts'
import { liveProcess } from '../../subjects/run-id.ts'
import { judged, lineOf, MUTE, SERVICE, servePhotos, start } from './exec-programs.ts'

const photos = servePhotos()

const LOAD = ['--load', '/', '--connections', '2', '--duration', '1s'] as const

describe('a program that serves', () => {
  /** One of the findings: what the load gives up at its end, and the service goes on asking for, may come before it. */
  const leak = expect.objectContaining({
    code: 'UNREAD_BODY',
    openedAt: expect.objectContaining({ file: 'service.mjs', line: lineOf(SERVICE, 'http.get') }),
  })

  test('is judged under load, named at the line that leaks, and gone', { timeout: 30_000 }, async () => {
    const { code, run, stderr } = await judged(...LOAD, '--idle-timeout', '1s', '--', 'node', 'service.mjs', photos.url, 'leaks')
    expect({ code, verdict: run.verdict }).toEqual({ code: 1, verdict: 'leaked' })
    expect(run.findings).toContainEqual(leak)
    expect(run.latencyMs).not.toBeNull()
    expect(liveProcess(Number(stderr.split(' ', 1)[0]))).toBeNull()
  })

  test('and never ends a response is judged while its load still waits, at the handler', { timeout: 30_000 }, async () => {
    const { code, run } = await judged('--load', '/mute', '--connections', '3', '--duration', '20s', '--', 'node', 'mute.mjs')
    expect({ code, codes: run.findings.map((finding) => finding.code) }).toEqual({ code: 1, codes: ['RESPONSE_NEVER_ENDED', 'WORK_HUNG'] })
    const openedAt = { file: 'mute.mjs', line: lineOf(MUTE, 'createServer') }
    expect(run.findings[0]).toMatchObject({ count: 3, request: { method: 'GET', path: '/mute' }, openedAt })
    expect(run.durationMs).toBeLessThan(20_000)
  })

  test('is clean with warm pools and what it makes once', { timeout: 30_000 }, async () => {
    const { code, run } = await judged(...LOAD, '--', 'node', 'service.mjs', photos.url)
    expect({ code, verdict: run.verdict, findings: run.findings }).toEqual({ code: 0, verdict: 'clean', findings: [] })
  })

  test('behind a wrapper counts as well, and ends with it', { timeout: 30_000 }, async () => {
    const { code, run, stderr } = await judged(
      ...LOAD,
      '--idle-timeout',
      '500ms',
      '--',
      'node',
      'wrapper.mjs',
      'service.mjs',
      photos.url,
      'leaks',
    )
    expect(code).toBe(1)
    expect(run.findings).toContainEqual(leak)
    expect(liveProcess(Number(stderr.split(' ', 1)[0]))).toBeNull()
  })

  test('waits for whoever comes, and is judged when they have gone', { timeout: 30_000 }, async () => {
    const { child, temporary } = start(['--', 'node', 'service.mjs', photos.url])
    const [line] = (await once(child.stdout, 'data')) as [Buffer]
    const [pid, port] = String(line).trim().split(' ')
    for (let n = 0; n < 3; n += 1) {
      const answer = await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: 'close' } })
      expect(await answer.text()).toBe('ok')
    }
    const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, 'close')])
    expect({ code, left: readdirSync(temporary), alive: liveProcess(Number(pid)) }).toEqual({ code: 0, left: [], alive: null })
    expect(stderr).toMatch(/^clean /m)
  })

  test('after one request only leaves open whether its timer is one for each', { timeout: 30_000 }, async () => {
    const { child } = start(['--json', '--', 'node', 'service.mjs', photos.url])
    const [line] = (await once(child.stderr, 'data')) as [Buffer]
    const stdout = text(child.stdout)
    const answer = await fetch(`http://127.0.0.1:${String(line).trim().split(' ')[1]}/`, { headers: { connection: 'close' } })
    expect(await answer.text()).toBe('ok')
    const [code] = await once(child, 'close')
    const [run] = (JSON.parse(await stdout) as RunRecord).runs
    expect({ code, notes: run?.notes }).toEqual({
      code: 2,
      notes: [expect.stringContaining(`a timer made at service.mjs:${lineOf(SERVICE, 'refresh ??=')} stayed after one request`)],
    })
  })

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('is ended at %s, and what is known is told', { timeout: 30_000 }, async (signal, expected) => {
    const { child, temporary } = start(['--json', '--', 'node', 'service.mjs', photos.url])
    const stdout = text(child.stdout)
    const [line] = (await once(child.stderr, 'data')) as [Buffer]
    child.kill(signal)
    const [code] = await once(child, 'close')
    expect({ code, left: readdirSync(temporary) }).toEqual({ code: expected, left: [] })
    expect((JSON.parse(await stdout) as RunRecord).runs).toMatchObject([
      { verdict: 'inconclusive', notes: ['interrupted before it ended, or was idle'] },
    ])
    await after(0)
    expect(liveProcess(Number(String(line).split(' ', 1)[0]))).toBeNull()
  })
})
