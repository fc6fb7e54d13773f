import { expect, test } from 'vitest'
import { shortCommand } from './command-text.ts'

const shown = (...words: string[]): string => shortCommand({ command: words[0] ?? '', args: words.slice(1) })

test('a command is told by its name and arguments', () => {
  expect(shown('/usr/bin/node', 'app.js', '--port', '80')).toBe('node app.js --port 80')
})

test('what looks like a secret is not told', () => {
  expect(shown('node', 'app.js', '--token', 'hunter2', '--api-key=hunter2', 'DB_PASSWORD=hunter2')).toBe(
    'node app.js --token *** --api-key=*** DB_PASSWORD=***',
  )
  expect(shown('node', 'app.js', 'postgres://me:hunter2@db/x', 'https://s3/x?X-Signature=hunter2')).toBe(
    'node app.js postgres://***@db/x https://s3/x?***',
  )
})

test.each([
  [['curl', '-H', 'Authorization: Bearer hunter2', 'x'], 'curl -H Authorization: *** x'],
  [['curl', '--header=x-amz-security-token:hunter2'], 'curl --header=x-amz-security-token:***'],
  [['curl', '--cookie', 'sid=hunter2'], 'curl --cookie ***'],
  [['curl', '/x?X-Amz-Signature=hunter2'], 'curl /x?***'],
  [['sh', '-c', 'node app.js --token hunter2'], 'sh -c node app.js --token ***'],
  [['node', 'author.js', '--sidecar', 'on'], 'node author.js --sidecar on'],
])('%j is told as %s', (words, told) => {
  expect(shown(...words)).toBe(told)
})

test('a long one is cut, and stands on one line', () => {
  expect(shown('node', '-e', `one\ntwo${'x'.repeat(200)}`)).toMatch(/^node -e one twox+\.\.\.$/)
  expect(shown('node', '-e', 'x'.repeat(200))).toHaveLength(100)
})
