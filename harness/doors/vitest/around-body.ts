/**
 * Doing something between the last beforeEach and the body of a test. No hook of vitest 5 stands there, and its TestRunner.setTestFn is a
 * second name for the getter (5.1.1); but a runner may have a `runTask`, which is called in place of the body, and vitest's own has none.
 */
import { type RunnerTestCase, TestRunner, type VitestTestRunner } from 'vitest'

export type Task = Readonly<RunnerTestCase>
type Around = (body: () => unknown) => Promise<void>
type RunTask = NonNullable<VitestTestRunner['runTask']>

/** Found on a test, whichever copy of this file put it there. */
const AROUND = Symbol.for('watertight.vitest.around')
/** Marks the `runTask` of ours. */
const OURS = Symbol.for('watertight.vitest.runTask')

type Taught = Partial<VitestTestRunner> & { runTask?: RunTask & { [OURS]?: true } }
type Marked = Task & { [AROUND]?: Around }

/** Runs the body of the test within `around`; the returned function undoes it. */
export function aroundBody(task: Task, around: Around): () => void {
  const marked: Marked = task
  teachRunner(TestRunner.prototype as Taught)
  marked[AROUND] = around
  return () => void delete marked[AROUND]
}

function teachRunner(runner: Taught): void {
  const before = runner.runTask
  if (before?.[OURS]) return
  runner.runTask = Object.assign(
    async function runTask(this: VitestTestRunner, task: Marked): Promise<void> {
      const body = () => (before === undefined ? TestRunner.getTestFn(task)() : before.call(this, task))
      await (task[AROUND] === undefined ? body() : task[AROUND](body))
    },
    { [OURS]: true as const },
  )
}
