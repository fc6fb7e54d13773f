import type { LoadedScenario } from './suite.ts'

/** Loads every scenario module below `folder`, sorted by name. */
export async function discoverScenarios(_folder: string): Promise<readonly LoadedScenario[]> {
  throw new Error('in work')
}
