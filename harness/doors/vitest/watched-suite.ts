/** The end of a file or a describe block: what its hooks, pools and fixtures left is judged, once. */
import type { RunnerTask, RunnerTestFile, RunnerTestSuite } from 'vitest'
import type { Watch } from '../../session/watch.ts'
import { leakFailure } from './leak-failure.ts'

export type Suite = Readonly<RunnerTestSuite | RunnerTestFile>

/** @throws {LeakError} unless it is clean, or one of its tests failed: what failing tests left behind is theirs, and they are told already. */
export async function endSuite(watch: Watch, suite: Suite): Promise<void> {
  if (hasFailed(suite)) return watch.drop()
  const diagnosis = await watch.close()
  if (diagnosis.verdict === 'clean') return
  throw leakFailure(diagnosis, `the ${'filepath' in suite ? 'file' : 'block'}, after its last hook:`)
}

function hasFailed(task: RunnerTask | Suite): boolean {
  return task.result?.state === 'fail' || ('tasks' in task && task.tasks.some(hasFailed))
}
