import { randomUUID } from 'node:crypto'
import { existsSync, statSync } from 'node:fs'
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { HarnessError } from '../../model/errors.ts'

/** A folder reports can be written to. */
export interface OutputFolder {
  /** As given. */
  readonly name: string
  /** Absolute. */
  readonly path: string
  /** Writes a file as a whole or not at all: a reader never sees half a report. Resolves to the path as given. */
  write(name: string, text: string): Promise<string>
}

/** `.run.json.<run id>.<uuid>.tmp`: whose it is, so that the next start can tell what a killed run left. */
const TEMPORARY = /^\..*?\.?(\d+\.\d+\.[0-9a-f]+)\.[0-9a-f-]{36}\.tmp$/

const temporaryFor = (name: string, runId: string): string => `.${name}.${runId}.${randomUUID()}.tmp`

async function writeAtomically(folder: string, name: string, runId: string, text: string): Promise<void> {
  const temporary = join(folder, temporaryFor(name, runId))
  const write = async (): Promise<void> => {
    await writeFile(temporary, text)
    await rename(temporary, join(folder, name))
  }
  try {
    // Gone in between: a start in another container, where our pid is nobody's, took it for a dead run's. It does not look twice.
    await write().catch((error: NodeJS.ErrnoException) => (error.code === 'ENOENT' ? write() : Promise.reject(error)))
  } finally {
    await rm(temporary, { force: true })
  }
}

/** One by one: Node's `recursive` asks for ever where a parent is there and yet takes no folder with ENOENT (/proc). */
async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path)
  } catch (error) {
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || existsSync(dirname(path))) throw error
    await makeFolder(dirname(path))
    await makeFolder(path)
  }
}

/** Makes the folder and proves that it can be written to, before minutes are spent on a run. Throws HarnessError. */
export async function openOutputFolder(folder: string, cwd: string, runId: string): Promise<OutputFolder> {
  const absolute = resolve(cwd, folder)
  const probe = join(absolute, temporaryFor('probe', runId))
  try {
    await makeFolder(absolute)
    // access() tells nothing about read-only mounts
    await writeFile(probe, '')
    await rm(probe)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new HarnessError(
      'INVALID_OPTION',
      `reports cannot be written to ${folder}: ${why}`,
      'name a folder you may write to with --output <folder>',
    )
  }
  return {
    name: folder,
    path: absolute,
    async write(name, text) {
      await writeAtomically(absolute, name, runId, text)
      return join(folder, name)
    },
  }
}

/** Removes half-written files of dead runs. */
export async function sweepTemporaries({ path }: OutputFolder, isAlive: (runId: string) => boolean): Promise<void> {
  const left = (await readdir(path)).filter((name) => {
    const runId = TEMPORARY.exec(name)?.[1]
    return runId !== undefined && !isAlive(runId)
  })
  await Promise.all(left.map((name) => rm(join(path, name), { force: true })))
}
