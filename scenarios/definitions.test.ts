import { globSync } from 'node:fs'
import { expect, test, vi } from 'vitest'
import { defineScenario, type ScenarioDefinition } from '../harness/index.ts'

const definitions = vi.hoisted((): ScenarioDefinition[] => [])
vi.mock('../harness/scenario/define.ts', async (original) => {
  const real = await original<typeof import('../harness/scenario/define.ts')>()
  return {
    ...real,
    defineScenario(definition: ScenarioDefinition) {
      definitions.push(definition)
      return real.defineScenario(definition)
    },
  }
})

test('the values of our own scenarios, which nothing checks when they are loaded, stand the check that those of users do', async () => {
  const files = globSync('*/*.ts', { cwd: import.meta.dirname })
  for (const file of files) await import(/* @vite-ignore */ `./${file}`)
  expect(definitions).toHaveLength(files.length)
  for (const definition of definitions) expect(() => defineScenario(definition)).not.toThrow()
})
