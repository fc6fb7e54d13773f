import { expect, it } from 'vitest'
import { overheadRow } from './overhead.ts'
import { promises } from './tables.ts'

it('says of each level whether its promise is kept, by the worst client that asks one at a time', () => {
  const rows = [
    overheadRow('fetch', 'full', 1, [13], [10]),
    overheadRow('undici.request', 'full', 1, [15], [10]),
    overheadRow('undici.request', 'full', 10, [30], [10]),
    overheadRow('node:http', 'sampled', 1, [10.5], [10]),
  ]
  const [full, sampled, ...others] = promises(rows)
    .split('\n')
    .filter((line) => line.startsWith('- '))
    .toReversed()
  expect(full).toBe('- `full`, at most 1.4: **not kept**, the worst is undici.request with 1.5')
  expect(sampled).toBe('- `sampled`, at most 1.1: kept, the worst is node:http with 1.05')
  expect(others).toEqual([])
  expect(promises([])).toBe('')
})
