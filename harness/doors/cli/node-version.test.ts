import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { SUPPORTED_NODE, unsupportedNode } from './node-version.ts'

test.each(['v18.20.0', 'v20.20.2', 'v22.18.0', 'v23.11.0', 'v25.0.0', 'v0.10.0'])('%s is refused in one line', (version) => {
  expect(unsupportedNode(version)).toMatch(new RegExp(`^watertight: Node ${version} is not supported, it needs .*; install Node 24 .*$`))
})

test.each(['v22.19.0', 'v22.20.1', 'v24.0.0', 'v24.21.0', 'v26.0.0', 'v27.1.0-nightly2027'])('%s will do', (version) => {
  expect(unsupportedNode(version)).toBeNull()
})

test('what is refused is what package.json declares', () => {
  const { engines } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'))
  expect(engines.node).toBe(SUPPORTED_NODE)
})
