/**
 * What `watertight exec` makes every Node process of a program load first. Nothing of ours is imported before the version is known: on a Node
 * too old for us the program must run as it would without us, and be told apart from one that keeps silent.
 */
import { writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { unsupportedNode } from './cli/node-version.ts'

if (unsupportedNode(process.version) === null) {
  await import('./register.ts')
} else {
  try {
    writeFileSync(join(dirname(process.env.WATERTIGHT_EXEC ?? ''), `${process.pid}.unsupported`), process.version)
  } catch {
    // The run is over: nobody wants to know any more.
  }
}
