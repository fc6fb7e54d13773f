import { randomUUID } from 'node:crypto'
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { HarnessError } from '../../model/errors.ts'

/** A folder reports can be written to. */
export interface OutputFolder {
  /** Writes a file as a whole or not at all: a reader never sees half a report. Resolves to the path as given. */
  write(name: string, text: string): Promise<string>
}

async function writeAtomically(file: string, text: string): Promise<void> {
  const temporary = `${file}.${randomUUID()}.tmp`
  try {
    await writeFile(temporary, text)
    await rename(temporary, file)
  } finally {
    await rm(temporary, { force: true })
  }
}

/** Makes the folder and proves that it can be written to, before minutes are spent on a run. Throws HarnessError. */
export async function openOutputFolder(folder: string, cwd: string): Promise<OutputFolder> {
  const absolute = resolve(cwd, folder)
  const probe = join(absolute, `.${randomUUID()}.tmp`)
  try {
    await mkdir(absolute, { recursive: true })
    // access() tells nothing about full disks and read-only mounts
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
    async write(name, text) {
      await writeAtomically(join(absolute, name), text)
      return join(folder, name)
    },
  }
}
