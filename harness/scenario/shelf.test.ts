/** Of model/shelf.ts; here, because model/ imports nothing from outside, not even a test runner. */
import { expect, test } from 'vitest'
import { openShelf, type ShelfKind } from '../model/shelf.ts'

const KIND: ShelfKind<AsyncDisposable> = { title: 'a server' }
const OTHER: ShelfKind<AsyncDisposable> = { title: 'a server' }

function server() {
  let ended = 0
  return {
    async [Symbol.asyncDispose]() {
      ended += 1
    },
    ended: () => ended,
  }
}

test('a server is handed out once, and only as what it is', async () => {
  await using shelf = openShelf()
  const one = server()
  await shelf.put(KIND, one)
  expect(shelf.take(OTHER)).toBeNull()
  expect(shelf.take(KIND)).toBe(one)
  expect(shelf.take(KIND)).toBeNull()
})

test('when the suite is over what stands there is ended, what is out only when it comes back', async () => {
  const shelf = openShelf()
  const [here, out] = [server(), server()]
  await shelf.put(KIND, out)
  shelf.take(KIND)
  await shelf.put(KIND, here)
  await shelf[Symbol.asyncDispose]()
  expect([here.ended(), out.ended()]).toEqual([1, 0])
  await shelf.put(KIND, out)
  expect(out.ended()).toBe(1)
  expect(shelf.take(KIND)).toBeNull()
})
