import { expect, test } from 'vitest'
import type { BranchState } from '../model/client-eyes.ts'
import { diagnose } from './diagnose.ts'
import { line, materialOf, pageOf, request } from './made-up.ts'

const findingsWith = (branches: readonly BranchState[]) =>
  diagnose(materialOf({ page: pageOf({ requests: [request(1, { client: 'fetch', branches, branchedAt: line(60) })] }) })).findings

test('one branch taken and one unread is named, with the line that split the body', () => {
  const [finding] = findingsWith(['taken', 'unread'])
  expect(finding).toMatchObject({ code: 'CLONE_BRANCH_UNREAD', openedAt: { line: 41 }, lastTouchedAt: { line: 60 } })
  expect(finding?.evidence[0]?.says).toBe('never read: the second branch, of clone() the clone')
  expect(findingsWith(['unread', 'taken'])[0]?.evidence[0]?.says).toBe('never read: the first branch, of clone() the Response itself')
})

test('a body neither branch of which was touched was never read; one that is gone proves nothing', () => {
  expect(findingsWith(['unread', 'unread'])[0]?.code).toBe('UNREAD_BODY')
  expect(findingsWith(['unread', 'gone'])[0]?.code).toBe('UNREAD_BODY')
})
