import { expect, test } from 'vitest'
import type { Diagnosis, Verdict } from '../model/diagnosis.ts'
import type { FindingCode } from '../model/finding.ts'
import type { SetLimits } from '../model/scenario.ts'
import { lintVariant, withLint } from './lint-variant.ts'

const RACING: SetLimits = { profile: 'undici', options: { keepAliveTimeout: 10_000, keepAliveMaxTimeout: 10_000 } }
const SERVER: SetLimits = { profile: 'http-server', options: { keepAliveTimeout: 3_000 } }
const lint = (codes: readonly FindingCode[], client: SetLimits, server?: SetLimits) =>
  lintVariant({ expects: { verdict: 'misconfigured', codes }, set: { client, ...(server === undefined ? {} : { server }) } })
const judged = (verdict: Verdict): Diagnosis =>
  withLint({ verdict, findings: [] } as unknown as Diagnosis, lint(['IDLE_RACE'], RACING, SERVER))

test('what the limits of a variant have against each other is found, with the value to set', () => {
  const [race, ...others] = lint([], RACING, SERVER)
  expect(race).toMatchObject({ code: 'IDLE_RACE', severity: 'misconfiguration' })
  expect(race?.advice).toContain('keepAliveTimeout: 2000')
  expect(others).toEqual([])
})

test('a missing timeout counts where it is declared, and nowhere else', () => {
  const article: SetLimits = { profile: 'go-article' }
  expect(lint(['TIMEOUT_MISSING'], article).map(({ severity }) => severity)).toContain('misconfiguration')
  expect(lint([], article).filter(({ code }) => code === 'TIMEOUT_MISSING')).toEqual([])
})

test('a clean run is misconfigured then, and one that leaked has leaked', () => {
  expect(judged('clean').verdict).toBe('misconfigured')
  expect(judged('inconclusive').verdict).toBe('misconfigured')
  expect(judged('leaked').verdict).toBe('leaked')
  expect(judged('leaked').findings.map(({ code }) => code)).toEqual(['IDLE_RACE'])
})

test('an option its profile does not have is refused with the nearest there is', () => {
  expect(() => lint([], { profile: 'undici', options: { keepAliveTimout: 1 } })).toThrow(/did you mean keepAliveTimeout/)
})
