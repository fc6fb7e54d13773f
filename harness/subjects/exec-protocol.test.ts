import { expect, test } from 'vitest'
import { type FromProgram, frame, unframe } from './exec-protocol.ts'

test('messages survive any cut, and Infinity with them', () => {
  const messages: FromProgram[] = [
    { hello: { pid: 1, threadId: 0 } },
    { id: 1, answer: { limit: Number.POSITIVE_INFINITY, text: 'x'.repeat(300) } },
  ]
  const bytes = Buffer.concat(messages.map(frame))
  for (const cut of [1, 3, 5, 50, bytes.length]) {
    const heard: FromProgram[] = []
    const hear = unframe<FromProgram>((message) => heard.push(message))
    for (let at = 0; at < bytes.length; at += cut) hear(bytes.subarray(at, at + cut))
    expect(heard).toEqual(messages)
  }
})
