import { expect, test } from 'vitest'
import { diagnose } from './diagnose.ts'
import { censusOf, handle, line, materialOf, optionsOf, pageOf } from './made-up.ts'

const file = (descriptor: number, path: string) => ({ descriptor, path })
const seen = (descriptor: number, path: string) =>
  handle(descriptor, { type: 'FILE', isReferenced: null, descriptor, detail: path, openedAt: line(9) })
const with_ = (...files: readonly ReturnType<typeof file>[]) => ({ ...censusOf(), files })

test('a file that the kernel has and nobody saw opened is left open, without a line', () => {
  const { verdict, findings } = diagnose(
    materialOf({ baseline: with_(file(3, '/app/old')), recount: with_(file(3, '/app/old'), file(4, '/app/new')) }),
  )
  expect(verdict).toBe('leaked')
  expect(findings).toMatchObject([
    { code: 'FILE_LEFT_OPEN', count: 1, openedAt: null, summary: '1 file was opened and is still open (new)' },
  ])
})

test('a file whose opening was seen is told once, with its line', () => {
  const page = pageOf({ handles: [seen(4, '/data/a'), seen(5, '/data/b')] })
  const recount = with_(file(4, '/data/a'), file(5, '/data/b'))
  expect(diagnose(materialOf({ page, recount, baseline: with_() })).findings).toMatchObject([
    { code: 'FILE_LEFT_OPEN', count: 2, openedAt: { file: 'job.ts', line: 9 } },
  ])
})

test('the same number with another file behind it is another file', () => {
  const { findings } = diagnose(materialOf({ baseline: with_(file(3, '/a')), recount: with_(file(3, '/b')) }))
  expect(findings.map(({ code }) => code)).toEqual(['FILE_LEFT_OPEN'])
})

test('where one of the two looks saw no files, none is missed and none is made up', () => {
  const { verdict } = diagnose(materialOf({ baseline: { ...censusOf(), files: null }, recount: with_(file(3, '/b')) }))
  expect(verdict).toBe('clean')
})

test('files count within the budget of handles', () => {
  const options = optionsOf({ budget: { sockets: 0, requests: 0, handles: 1 } })
  const oneMore = materialOf({ baseline: with_(), recount: with_(file(3, '/b')), options })
  expect(diagnose(oneMore).verdict).toBe('clean')
  expect(diagnose({ ...oneMore, recount: with_(file(3, '/b'), file(4, '/b')) }).verdict).toBe('leaked')
})
