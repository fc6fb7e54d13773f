import { expect, test } from 'vitest'
import { patientDeadline } from './patient-deadline.ts'

const terms = { atMs: 1_000, deadlineAtMs: 3_000, starvedMs: 700 }

test.each([
  ['it had cores to spare', 700, 3_000],
  ['what it waited for a core is added', 1_900, 4_200],
  ['three times its patience, and no more', 90_000, 9_000],
  ['nobody can tell', null, 3_000],
])('of the subject: %s', (_what, starved, atMs) => {
  expect(patientDeadline(terms, () => starved).atMs()).toBe(atMs)
})

test.each([
  ['the lateness of a quiet machine is none', [5, 50], 3_000],
  ['five turns as late as the latest', [60, 200, 60], 4_000],
  ['as much as its patience, and no more', [1_900], 5_000],
])('of everybody else: %s', (_what, lateMs, atMs) => {
  const deadline = patientDeadline(terms, () => 700)
  for (const ms of lateMs) deadline.forgive(ms)
  expect(deadline.atMs()).toBe(atMs)
})

test('both are the same busy machine: the longer of the two is added', () => {
  const deadline = patientDeadline(terms, () => 1_000)
  deadline.forgive(100)
  expect(deadline.atMs()).toBe(3_500)
})

test('what hangs for want of anything that moves is judged at once, however busy the machine', () => {
  const deadline = patientDeadline({ ...terms, deadlineAtMs: 1_000 }, () => 90_000)
  deadline.forgive(2_000)
  expect(deadline.atMs()).toBe(1_000)
})

test('it never moves back: not when the subject has gone, and not when somebody says less than before', () => {
  const said = [700, 1_700, 900, null]
  const deadline = patientDeadline(terms, () => said.shift() ?? null)
  expect([deadline.atMs(), deadline.atMs(), deadline.atMs(), deadline.atMs()]).toEqual([3_000, 4_000, 4_000, 4_000])
})

test('what no core would have mended is given our own lateness alone', () => {
  const deadline = patientDeadline(terms, () => 90_000)
  deadline.forgive(60)
  expect([deadline.unmendedAtMs(), deadline.atMs()]).toEqual([3_300, 9_000])
})
